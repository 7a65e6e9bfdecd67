{
  virtualisation.xen.guests.db = {
    type = "hvm";
    disks.data = {
      path = "/vmdisks/d,b.img";
      backend = "Domain-0";
    };
  };
}
