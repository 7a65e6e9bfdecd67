{
  virtualisation.xen.guests.web.disks.data.path = "/vmdisks/data.img";
}
