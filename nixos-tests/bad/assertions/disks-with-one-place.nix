{
  virtualisation.xen.guests.db = {
    kernel = "/boot/bzImage";
    disks = {
      root = {
        path = "/vmdisks/db-root.img";
        vdev = "xvdb3";
      };
      data = {
        path = "/vmdisks/db-data.img";
        vdev = "51731";
      };
    };
  };
}
