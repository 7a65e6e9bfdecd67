{
  virtualisation.xen.guests.web.disks.root.vdev = "sda99x";
}
