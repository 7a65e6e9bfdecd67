{
  virtualisation.xen.guests.web.disks.root.detach = "now";
}
