# Evaluates the NixOS VM tests down to their derivations, with the real NixOS modules: a name and
# what the builder must have, each.
{
  # A nixpkgs tree.
  nixpkgs,
  # As in real.nix; it gives `evalTest`.
  evalNix ? null,
  # The folder that holds the tests.
  directory,
}:
let
  system =
    if evalNix == null then
      import nixpkgs { system = "x86_64-linux"; }
    else
      import evalNix { inherit nixpkgs; };
  evaluate =
    if evalNix == null then
      test: { config.test = system.testers.runNixOSTest test; }
    else
      test:
      system.evalTest {
        imports = [ test ];
        defaults = {
          imports = [ ./stand-ins.nix ];
          # As in real.nix.
          documentation.enable = false;
        };
      };
in
system.lib.mapAttrs (
  _: test:
  let
    derivation = (evaluate test).config.test;
  in
  builtins.seq derivation.drvPath derivation.requiredSystemFeatures
) (import directory { inherit (system) lib; })
