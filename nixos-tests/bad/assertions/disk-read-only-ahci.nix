{
  virtualisation.xen.guests.db = {
    type = "hvm";
    firmware.hdType = "ahci";
    disks.data = {
      path = "/vmdisks/db.img";
      readOnly = true;
      vdev = "xvdf";
    };
  };
}
