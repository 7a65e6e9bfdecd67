# Rules that many options share.
{ lib, option }:
let
  isSet = value: value != null && value != [ ] && value != { };
  # Names that may have dots are given as a list.
  parts = path: if builtins.isList path then path else lib.splitString "." path;
  at = path: lib.attrByPath (parts path) null;
  of = name: path: option name (lib.showOption (parts path));
in
rec {
  inherit isSet;

  # Options of a guest that its type has no use for. `false` asks for nothing, so that a module for all guests may set it.
  onlyFor =
    name: guest: types: paths:
    map (path: {
      assertion = isSet (at path guest) && at path guest != false -> lib.elem guest.type types;
      message = ''
        ${of name path} is set, and ${option name "type"} is "${guest.type}": it is for ${lib.concatStringsSep " and " (map lib.toUpper types)} guests only. Remove it, or set the type to "${lib.last types}".
      '';
    }) paths;

  # Options of a guest that do nothing unless another is on.
  needs =
    name: guest: on: switch: paths:
    map (path: {
      assertion = isSet (at path guest) -> on;
      message = ''
        ${of name path} has no effect without ${option name switch}. Set ${switch} = true, or remove it.
      '';
    }) paths;

  # Names of entries that become part of a device string.
  words =
    name: list: names:
    map (entry: {
      assertion = builtins.match "[A-Za-z0-9][A-Za-z0-9_.:-]*" entry != null;
      message = ''
        ${
          option name (
            lib.showOption [
              list
              entry
            ]
          )
        } has a name that xl's syntax cannot carry. Call it by letters, digits, dots, colons, dashes and underscores, the first a letter or digit.
      '';
    }) names;

  # Entries of a set whose places must differ: `place` gives each a text, or null.
  distinct =
    entries: place: message:
    let
      placed = lib.filter (entry: place entry != null) entries;
      groups = lib.attrValues (lib.groupBy (entry: toString (place entry)) placed);
    in
    map (group: {
      assertion = false;
      message = message group;
    }) (lib.filter (group: lib.length group > 1) groups);
}
