# Names that xl, xendomains, systemd and file systems all take.
{
  lib,
  guests,
  option,
  ...
}:
let
  names = lib.attrNames guests;

  wellFormed = name: builtins.match "[A-Za-z0-9][A-Za-z0-9_.-]*" name != null;

  # xendomains looks a saved guest up with `grep -w`: a name found in another at the
  # borders of words (letters, digits, underscores) counts as the same. As in grep, a
  # dot in the name stands for any character.
  isWordOf =
    short: long:
    short != long && builtins.match "(.*[^A-Za-z0-9_])?${short}([^A-Za-z0-9_].*)?" long != null;
  plain = lib.filter wellFormed names;
  pairs = lib.concatMap (
    short: map (long: { inherit short long; }) (lib.filter (isWordOf short) plain)
  ) plain;

  # Guests that claim one previous name, of which lifecycle.nix says so, have one UUID because of that.
  origins = map (name: lib.head (guests.${name}.previousNames ++ [ name ]));
  sameUuid = lib.filter (group: lib.length (lib.unique (origins group)) > 1) (
    lib.attrValues (lib.groupBy (name: guests.${name}.uuid) names)
  );
in
lib.concatMap (name: [
  {
    assertion = wellFormed name;
    message = ''
      The name of guest "${name}" (virtualisation.xen.guests) has a character that xl or a file system refuses.
      Call it by letters, digits, dashes, dots and underscores, the first a letter or a digit.
    '';
  }
  {
    assertion = lib.stringLength name <= 63;
    message = ''
      The name of guest "${name}" (virtualisation.xen.guests) has ${toString (lib.stringLength name)} characters.
      Give it a name of at most 63.
    '';
  }
  {
    assertion = builtins.match "[0-9]+" name == null;
    message = ''
      The name of guest "${name}" (virtualisation.xen.guests) is all digits: xl takes it for a domain's number.
      Put a letter into it, as in "vm-${name}".
    '';
  }
  {
    assertion = name != "Domain-0";
    message = ''
      The name of guest "Domain-0" (virtualisation.xen.guests) is the Dom0's own. Give the guest another.
    '';
  }
]) names
++ map (pair: {
  assertion = false;
  message = ''
    The name of guest "${pair.short}" is a word of the name of guest "${pair.long}" (virtualisation.xen.guests): xendomains would take
    one for the other when it restores saved guests. Rename one, for example "${pair.short}" to "${pair.short}0".
  '';
}) pairs
++ map (group: {
  assertion = false;
  message = ''
    ${
      lib.concatMapStringsSep " and " (name: option name "uuid") group
    } are the same, ${guests.${lib.head group}.uuid}.
    Remove one: each guest has a UUID of its own, derived from its name.
  '';
}) sameUuid
