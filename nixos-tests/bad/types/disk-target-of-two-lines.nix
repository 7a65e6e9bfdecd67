{
  virtualisation.xen.guests.web.disks.root = {
    path = "a\nb";
    script = "block-drbd";
  };
}
