{
  virtualisation.xen.guests.db = {
    type = "pv";
    kernel = "/boot/bzImage";
    disks.data = {
      path = "nbd:192.0.2.1:10809";
      backendType = "qdisk";
      size = "1GiB";
    };
  };
}
