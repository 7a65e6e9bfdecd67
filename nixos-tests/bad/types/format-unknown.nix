{
  virtualisation.xen.guests.web.disks.root.format = "vmdk";
}
