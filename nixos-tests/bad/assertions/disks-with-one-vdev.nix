{
  virtualisation.xen.guests.web.disks = {
    root.vdev = "xvda";
    data = {
      path = "/vmdisks/data.img";
      vdev = "xvda";
    };
  };
}
