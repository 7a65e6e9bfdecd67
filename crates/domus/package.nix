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
  # Built and tested: the program and the crates that need nothing of the machine.
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
  cargoTestFlags = packages [
    "guest-spec"
    "nix-config"
  ];

  nativeBuildInputs = [ makeWrapper ];
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
