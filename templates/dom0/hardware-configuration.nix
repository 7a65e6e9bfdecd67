# Put your machine's own here: nixos-generate-config --show-hardware-config
{
  # Xen on NixOS needs these two.
  boot.loader.systemd-boot.enable = true;
  boot.initrd.systemd.enable = true;

  fileSystems."/" = {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };
  fileSystems."/boot" = {
    device = "/dev/disk/by-label/BOOT";
    fsType = "vfat";
  };

  nixpkgs.hostPlatform = "x86_64-linux";
}
