{
  virtualisation.xen.guests.web.disks.root.filesystem.label = "a-label-of-18-char";
}
