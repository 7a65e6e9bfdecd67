# Network interfaces: each with an address and a place of its own.
{
  lib,
  guests,
  option,
  ...
}:
let
  check =
    name: guest:
    let
      of =
        network:
        option name (
          lib.showOption [
            "networks"
            network
          ]
        );
      inherit (guest) networks;
      names = lib.attrNames networks;
      unplaced = lib.filter (network: networks.${network}.order == null) names;
      collisions = lib.filter (group: lib.length group > 1) (
        lib.attrValues (
          lib.groupBy (network: toString networks.${network}.order) (lib.subtractLists unplaced names)
        )
      );
    in
    lib.optional (lib.length names > 1 && unplaced != [ ]) {
      assertion = false;
      message = ''
        Guest "${name}" has ${toString (lib.length names)} network interfaces, and some have no order: ${
          lib.concatMapStringsSep ", " of unplaced
        }.
        Which is the guest's first would change with every one that is added. Set order = 0 on the first, then 1, 2, and so on.
      '';
    }
    ++ map (group: {
      assertion = false;
      message = ''
        ${lib.concatMapStringsSep " and " of group} have one order, ${
          toString networks.${lib.head group}.order
        }. Give each its own.
      '';
    }) collisions;

  uses = lib.concatLists (
    lib.mapAttrsToList (
      name: guest:
      lib.mapAttrsToList (network: value: {
        option = option name (
          lib.showOption [
            "networks"
            network
          ]
        );
        inherit (value) mac;
      }) guest.networks
    ) guests
  );
  shared = lib.filter (group: lib.length group > 1) (
    lib.attrValues (lib.groupBy (use: use.mac) uses)
  );
in
lib.concatLists (lib.mapAttrsToList check guests)
++ map (group: {
  assertion = false;
  message = ''
    ${
      lib.concatMapStringsSep " and " (use: "${use.option}.mac") group
    } are the same, ${(lib.head group).mac}: neither would be reached reliably.
    Remove one: each interface has an address of its own, derived from its name.
  '';
}) shared
