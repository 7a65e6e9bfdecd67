{ lib, ... }:
{
  virtualisation.xenGuest = {
    enable = true;
    boot.vdev = "xvda";
    root.vdev = "xvda";
  };
  fileSystems."/" = lib.mkForce {
    device = "/dev/xvda";
    fsType = "ext4";
  };
}
