{
  virtualisation.xen.guests.db = {
    type = "pv";
    kernel = "/boot/bzImage";
    disks.data = {
      path = "/vmdisks/db.vhd";
      format = "vhd";
      size = "1GiB";
    };
  };
}
