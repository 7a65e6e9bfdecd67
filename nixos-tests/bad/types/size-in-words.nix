{ lib, ... }:
{
  virtualisation.xen.guests.web.disks.root.size = lib.mkForce "4 gigs";
}
