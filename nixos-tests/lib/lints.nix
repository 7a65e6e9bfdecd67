# What finds fault: the workspace given to clippy and rustfmt in place of a build, and all Nix
# files to nixfmt.
{ pkgs }:
let
  inherit (pkgs) domus lib;
  root = ../..;

  # As the package's, with what xtask includes.
  workspace = lib.fileset.toSource {
    inherit root;
    fileset = lib.fileset.unions [
      ../../Cargo.toml
      ../../Cargo.lock
      ../../clippy.toml
      ../../crates
      ../../docs
      ../fixtures
      ../micro-guest
    ];
  };
  nixFiles = lib.fileset.toSource {
    inherit root;
    fileset = lib.fileset.unions [
      ../../flake.nix
      (lib.fileset.fileFilter (file: file.hasExt "nix") ../../crates)
      (lib.fileset.fileFilter (file: file.hasExt "nix") ../../modules)
      (lib.fileset.fileFilter (file: file.hasExt "nix") ../../nixos-tests)
      (lib.fileset.fileFilter (file: file.hasExt "nix") ../../templates)
    ];
  };

  lint =
    name: tools: command:
    domus.overrideAttrs (previous: {
      pname = "domus-${name}";
      src = workspace;
      nativeBuildInputs = previous.nativeBuildInputs ++ tools;
      # What xen-peer's build looks for.
      buildInputs = (previous.buildInputs or [ ]) ++ [ pkgs.xen ];
      buildPhase = command;
      doCheck = false;
      installPhase = "touch $out";
      postInstall = "";
    });
in
{
  clippy = lint "clippy" [
    pkgs.clippy
    pkgs.pkg-config
  ] "cargo clippy --workspace --all-targets --offline -- --deny warnings";
  rustfmt = lint "rustfmt" [ pkgs.rustfmt ] "cargo fmt --all --check";
  nixfmt = pkgs.runCommand "domus-nixfmt" { nativeBuildInputs = [ pkgs.nixfmt ]; } ''
    find ${nixFiles} -name '*.nix' -exec nixfmt --check {} +
    touch $out
  '';
}
