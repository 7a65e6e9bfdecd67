{
  virtualisation.xen.guests.web.disks.root.backend = "00";
}
