# The package built again with another last step, for each tool that finds fault.
{ pkgs }:
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
}
