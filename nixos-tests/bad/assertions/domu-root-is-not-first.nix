{ lib, ... }:
{
  virtualisation.xenGuest = {
    enable = true;
    root.vdev = "xvdb";
  };
  fileSystems = {
    "/" = lib.mkForce {
      device = "/dev/xvdb";
      fsType = "ext4";
    };
    "/srv" = {
      device = "/dev/xvda2";
      fsType = "ext4";
    };
  };
}
