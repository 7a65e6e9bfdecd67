{
  virtualisation.xen.guests.db = {
    type = "pv";
    kernel = "/boot/bzImage";
    disks.data = {
      path = "r0";
      script = "block-drbd";
      colo.enable = true;
    };
  };
}
