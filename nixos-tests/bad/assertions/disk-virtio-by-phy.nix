{
  virtualisation.xen.guests.db = {
    type = "pv";
    kernel = "/boot/bzImage";
    disks.data = {
      path = "/dev/vg0/db";
      specification = "virtio";
      backendType = "phy";
    };
  };
}
