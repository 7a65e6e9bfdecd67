{ lib, ... }:
{
  virtualisation.xen.guests.web.disks.root.path = lib.mkForce "/vmdisks/./a.img";
}
