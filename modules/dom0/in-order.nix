# Entries by name, in the order that xl.cfg lists them, which decides what boots and what is the guest's first.
{ lib }:
{
  inOrder =
    rank: entry: attrs:
    map (name: entry name attrs.${name}) (
      lib.sort (
        a: b:
        let
          left = rank attrs.${a};
          right = rank attrs.${b};
        in
        if left != right then left < right else a < b
      ) (lib.attrNames attrs)
    );

  # The rank of an entry that has an option `order`.
  order = entry: if entry.order == null then 0 else entry.order;
}
