{
  virtualisation.xen.guests.web.disks.root.vdev = "xvda256";
}
