{ lib, ... }:
{
  virtualisation.xenGuest = {
    enable = true;
    boot.vdev = "xvdb";
    root.vdev = "xvda";
  };
  fileSystems."/" = lib.mkForce {
    device = "/dev/xvda";
    fsType = "ext4";
  };
}
