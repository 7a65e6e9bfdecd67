{
  virtualisation.xen.guests.web.disks = {
    root.order = 0;
    data = {
      path = "/vmdisks/data.img";
      order = 0;
    };
  };
}
