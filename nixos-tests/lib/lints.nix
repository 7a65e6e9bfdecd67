# The package built again with another last step, for each tool that finds fault.
{ lib, pkgs }:
let
  inherit (pkgs) domus;
  lint =
    name: tools: command:
    domus.overrideAttrs (previous: {
      pname = "domus-${name}";
      nativeBuildInputs = previous.nativeBuildInputs ++ tools;
      buildPhase = command;
      doCheck = false;
      installPhase = "touch $out";
      postInstall = "";
    });
in
{
  clippy = lint "clippy" [ pkgs.clippy ] "cargo clippy --package domus --offline -- --deny warnings";
  rustfmt = lint "rustfmt" [ pkgs.rustfmt ] "cargo fmt --all --check";
  nixfmt = pkgs.runCommand "domus-nixfmt" { nativeBuildInputs = [ pkgs.nixfmt ]; } ''
    nixfmt --check ${
      toString (
        lib.filter (file: lib.hasSuffix ".nix" (toString file)) (
          lib.concatMap lib.filesystem.listFilesRecursive [
            ../../modules
            ../../nixos-tests
            ../../templates
          ]
        )
      )
    }
    touch $out
  '';
}
