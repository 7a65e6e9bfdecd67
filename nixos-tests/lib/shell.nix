# Everything that `cargo xtask` runs.
{ pkgs }:
pkgs.mkShell {
  inputsFrom = [ pkgs.domus ];
  # libxlutil and libxenlight, which xen-peer asks.
  buildInputs = [ pkgs.xen ];
  packages = [
    pkgs.cargo-fuzz
    pkgs.cargo-insta
    pkgs.clippy
    pkgs.e2fsprogs
    pkgs.mmdebstrap
    pkgs.nix
    pkgs.nixfmt
    pkgs.pkg-config
    pkgs.qemu
    pkgs.rustfmt
    pkgs.strace
    pkgs.util-linux
    # What install-grub.pl uses.
    (pkgs.perl.withPackages (perl: [
      perl.FileCopyRecursive
      perl.FileSlurp
      perl.JSON
      perl.ListCompare
      perl.XMLLibXML
    ]))
  ];
}
