# The NixOS VM tests, by name: every file of this folder but this one.
{ lib }:
let
  isTest = name: type: type == "regular" && lib.hasSuffix ".nix" name && name != "default.nix";
in
lib.mapAttrs' (name: _: lib.nameValuePair (lib.removeSuffix ".nix" name) (./. + "/${name}")) (
  lib.filterAttrs isTest (builtins.readDir ./.)
)
