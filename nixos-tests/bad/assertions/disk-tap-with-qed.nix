{
  virtualisation.xen.guests.db = {
    type = "pv";
    kernel = "/boot/bzImage";
    disks.data = {
      path = "/vmdisks/db.qed";
      format = "qed";
      backendType = "tap";
    };
  };
}
