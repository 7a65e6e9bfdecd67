{
  virtualisation.xen.guests.db = {
    type = "hvm";
    disks.data = {
      path = "/vmdisks/a,b.img";
    };
  };
}
