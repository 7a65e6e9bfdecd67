# What `cargo xtask eval` runs: evaluates the configuration of a folder, with the NixOS modules
# of a nixpkgs tree or, without one, with the offline stand-in.
{
  directory,
  nixpkgs ? null,
  evalNix ? null,
}:
if nixpkgs == null then
  (import ../offline { inherit directory; }).evaluation
else
  let
    system = import ./real.nix { inherit directory nixpkgs evalNix; };
  in
  import ./extract.nix {
    inherit (system) config;
    inherit (system) lib;
  }
