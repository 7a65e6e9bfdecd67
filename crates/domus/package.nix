# The `domus` program, with what it runs.
{
  lib,
  rustPlatform,
  makeWrapper,
  e2fsprogs,
  iproute2,
  qemu-utils,
}:
let
  manifest = lib.importTOML ../../Cargo.toml;
  packages = lib.concatMap (name: [
    "--package"
    name
  ]);
in
rustPlatform.buildRustPackage {
  pname = "domus";
  inherit (manifest.workspace.package) version;

  src = lib.fileset.toSource {
    root = ../..;
    fileset = lib.fileset.unions [
      ../../Cargo.toml
      ../../Cargo.lock
      ../../clippy.toml
      ../../crates
      ../../docs
    ];
  };
  cargoLock.lockFile = ../../Cargo.lock;
  cargoBuildFlags = packages [ "domus" ];
  # All but xtask, whose tests want Nix, perl and QEMU.
  cargoTestFlags = packages [
    "xl-cfg"
    "guest-spec"
    "nix-config"
    "disk-image"
    "reconcile"
    "domus"
  ];
  # Wants to mount a file system of its own, which a build may not everywhere. Tests that want root
  # or Nix leave themselves out where they have none.
  checkFlags = [ "--skip=a_full_file_system" ];

  nativeBuildInputs = [ makeWrapper ];
  nativeCheckInputs = [
    e2fsprogs
    iproute2
    qemu-utils
  ];
  # xl is not among them: it must be that of the Xen that runs, and comes with each call.
  postInstall = ''
    wrapProgram "$out/bin/domus" --prefix PATH : ${
      lib.makeBinPath [
        e2fsprogs
        iproute2
        qemu-utils
      ]
    }
  '';

  meta = {
    description = "Declared Xen guests on a NixOS Dom0";
    license = lib.licenses.mit;
    mainProgram = "domus";
    platforms = [ "x86_64-linux" ];
  };
}
