{
  virtualisation.xen.guests.web.disks.root.backendType = "file";
}
