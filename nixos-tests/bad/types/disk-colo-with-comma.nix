{
  virtualisation.xen.guests.web.disks.root.colo.export = "a,b";
}
