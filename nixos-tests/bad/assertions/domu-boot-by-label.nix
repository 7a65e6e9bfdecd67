{
  fileSystems."/boot" = {
    device = "/dev/disk/by-label/NIXBOOT";
    fsType = "ext4";
  };
  virtualisation.xenGuest.enable = true;
}
