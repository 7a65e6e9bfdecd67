{
  virtualisation.xen.guests.db = {
    type = "pv";
    kernel = "/boot/bzImage";
    disks.data = {
      path = "/dev/vg0/db";
      backend = "storage";
      size = "1GiB";
    };
  };
}
