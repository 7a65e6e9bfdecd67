{
  virtualisation.xen.guests.db = {
    type = "hvm";
    initrd = "/boot/initrd";
    disks.root.path = "/dev/vg0/db";
  };
}
