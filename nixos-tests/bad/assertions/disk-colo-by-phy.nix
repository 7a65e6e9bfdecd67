{
  virtualisation.xen.guests.db = {
    type = "pv";
    kernel = "/boot/bzImage";
    disks.data = {
      path = "/dev/vg0/db";
      backendType = "phy";
      colo.enable = true;
    };
  };
}
