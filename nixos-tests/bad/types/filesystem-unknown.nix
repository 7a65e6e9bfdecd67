{
  virtualisation.xen.guests.web.disks.root.filesystem.type = "xfs";
}
