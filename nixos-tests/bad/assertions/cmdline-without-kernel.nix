{
  virtualisation.xen.guests.db = {
    type = "hvm";
    cmdline = "quiet";
    disks.root.path = "/dev/vg0/db";
  };
}
