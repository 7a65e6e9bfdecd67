{
  virtualisation.xen.guests.db = {
    type = "pv";
    kernel = "/boot/bzImage";
    disks.data = {
      path = "/vmdisks/db.qcow2";
      format = "qcow2";
      backendType = "phy";
    };
  };
}
