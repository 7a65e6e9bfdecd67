{
  virtualisation.xen.guests.db = {
    type = "hvm";
    disks.data = {
      path = "/vmdisks/db.img";
      readOnly = true;
    };
  };
}
