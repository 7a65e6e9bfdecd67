# The file systems of the disks that `virtualisation.xenGuest` names.
{ config, lib, ... }:
let
  cfg = config.virtualisation.xenGuest;
  mount = disk: {
    device = "/dev/${disk.vdev}";
    inherit (disk) fsType;
  };
in
{
  config = lib.mkIf cfg.enable {
    fileSystems = lib.mkMerge [
      (lib.mkIf (cfg.root.vdev != null) { "/" = mount cfg.root; })
      (lib.mkIf (cfg.boot.vdev != null) { "/boot" = mount cfg.boot; })
    ];
  };
}
