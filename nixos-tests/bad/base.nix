# A Dom0 that is right; each file beside spoils it in one way.
{
  boot.loader.systemd-boot.enable = true;
  boot.initrd.systemd.enable = true;
  fileSystems."/" = {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };
  networking.hostName = "dom0";
  nixpkgs.hostPlatform = "x86_64-linux";
  system.stateVersion = "26.05";

  virtualisation.xen = {
    enable = true;
    bridges.xenbr0 = { };
    guests.web = {
      bootloader = "pvgrub";
      disks.root = {
        path = "/vmdisks/web.img";
        size = "1GiB";
      };
      networks.lan = { };
      # Some have what cannot be saved.
      onHostShutdown = "shutdown";
    };
  };
}
