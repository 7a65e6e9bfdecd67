# Evaluates the configuration of a folder with the real NixOS modules.
{
  # A nixpkgs tree.
  nixpkgs,
  # The folder that holds configuration.nix.
  directory,
  # A file like nixpkgs' eval-config.nix that takes { nixpkgs, modules } and brings packages of
  # its own; for a tree without all of pkgs/, or a Nix that is too old for it.
  evalNix ? null,
}:
let
  modules = [
    ../../modules
    (directory + "/configuration.nix")
    # The manual is not what is asked for, and takes most of the time.
    { documentation.enable = false; }
  ];
in
if evalNix == null then
  import (nixpkgs + "/nixos/lib/eval-config.nix") {
    system = null;
    inherit modules;
  }
else
  import evalNix {
    inherit nixpkgs;
    modules = modules ++ [ ./stand-ins.nix ];
  }
