# What NixOS gives its install-grub.pl for the guest of a folder: `cargo xtask grub-fixture`
# runs that with it.
{
  directory,
  nixpkgs,
  evalNix ? null,
}:
let
  system = import ./real.nix { inherit directory nixpkgs evalNix; };
  inherit (system) config lib;
  script = config.system.build.installBootLoader.text;
  configurations = lib.filter (lib.hasSuffix "-grub-config.xml.drv") (
    lib.attrNames (builtins.getContext script)
  );
in
{
  # The derivation whose text is the configuration of install-grub.pl.
  configuration = lib.head configurations;
  installer = "${toString nixpkgs}/nixos/modules/system/boot/loader/grub/install-grub.pl";
  kernelParams = toString config.boot.kernelParams;
  inherit (config.system.nixos) distroName;
  # The device that each mount point is mounted from.
  devices = lib.mapAttrs (_: fileSystem: fileSystem.device) config.fileSystems;
  failedAssertions = map (entry: entry.message) (
    lib.filter (entry: !entry.assertion) config.assertions
  );
}
