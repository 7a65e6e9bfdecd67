# Packages that are only paths: nothing is ever built.
{ lib }:
let
  # The text is part of the derivation, and so of the path.
  standIn =
    name: attrs: text:
    derivation {
      inherit name text;
      system = "x86_64-linux";
      builder = "/bin/sh";
    }
    // attrs;
  package = name: standIn name { meta.mainProgram = name; } "";
  kernel = package "linux";
in
lib.genAttrs [
  "coreutils"
  "domus"
  "findutils"
  "gnugrep"
  "gnused"
  "grub2"
  "qemu_xen"
  "systemd"
  "xen"
] package
// {
  grub2_pvgrub_image = package "grub2_xen_image";
  grub2_pvhgrub_image = package "grub2_xen_pvh_image";
  linuxPackages = { inherit kernel; };
  writeText = name: text: standIn name { } text;
  runCommand = name: standIn name;
  # The one package that a module builds itself: modules/dom0/micro-guest.nix.
  callPackage = _file: _arguments: package "micro-guest";
}
