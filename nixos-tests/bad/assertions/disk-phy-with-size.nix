{
  virtualisation.xen.guests.db = {
    type = "pv";
    kernel = "/boot/bzImage";
    disks.data = {
      path = "/vmdisks/db.img";
      backendType = "phy";
      size = "1GiB";
    };
  };
}
