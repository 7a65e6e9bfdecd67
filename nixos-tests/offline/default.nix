# Evaluates the configuration of a folder against a stand-in for NixOS, with any Nix and
# without a network or a store. The answer is that of ../evaluate/extract.nix.
{
  # The folder that holds configuration.nix.
  directory ? null,
  # Or modules.
  modules ? [ (directory + "/configuration.nix") ],
}:
let
  lib = import ./lib;
  pkgs = import ./pkgs.nix { inherit lib; };
  utils.escapeSystemdPath = import ./escape-systemd-path.nix { inherit lib; };

  evaluated = lib.evalModules {
    specialArgs = { inherit pkgs utils; };
    modules = import ./nixos ++ [ ../../modules ] ++ modules;
  };
in
{
  inherit (evaluated) config;
  evaluation = import ../evaluate/extract.nix {
    inherit (evaluated) config;
    inherit lib;
  };
}
