# systemd.unit(5), "String escaping for inclusion in unit names", for paths.
{ lib }:
let
  plain = lib.stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_.";
  # Printable ASCII from the space on; the two that a Nix string escapes stand alone.
  printable = lib.stringToCharacters (
    " !"
    + "\""
    + "#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ["
    + "\\"
    + "]^_`abcdefghijklmnopqrstuvwxyz{|}~"
  );
  hexDigits = lib.stringToCharacters "0123456789abcdef";
  code =
    character:
    let
      index = lib.lists.findFirstIndex (c: c == character) null printable;
      number = index + 32;
    in
    if index == null then
      throw "The stand-in cannot put ${character} into the name of a unit."
    else
      "\\x${lib.elemAt hexDigits (number / 16)}${lib.elemAt hexDigits (lib.mod number 16)}";
  escapeCharacter =
    c:
    if lib.elem c plain then
      c
    else if c == "/" then
      "-"
    else
      code c;
in
path:
let
  parts = lib.filter (part: part != "") (lib.splitString "/" (toString path));
  escaped = lib.concatStrings (
    map escapeCharacter (lib.stringToCharacters (lib.concatStringsSep "/" parts))
  );
in
if parts == [ ] then
  "-"
else if lib.hasPrefix "." escaped then
  "\\x2e${lib.removePrefix "." escaped}"
else
  escaped
