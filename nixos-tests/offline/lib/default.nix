# A small `lib`: what Domus' modules use of nixpkgs', under the same names. It is a test
# fixture; evaluation with the real one must give the same (`cargo xtask test`).
let
  lib =
    builtins
    // {
      # As of the nixpkgs in flake.lock.
      trivial.release = "26.05";
      versionOlder = a: b: builtins.compareVersions a b < 0;
      types = import ./types.nix { inherit lib; };
    }
    // import ./basics.nix { inherit lib; }
    // import ./options.nix { inherit lib; }
    // import ./modules.nix { inherit lib; };
in
lib
