{
  virtualisation.xen.guests.live = {
    type = "hvm";
    disks = {
      root = {
        path = "/vmdisks/live.img";
        order = 0;
      };
      installer = {
        path = "/vmdisks/installer.iso";
        cdrom = true;
        order = 4;
      };
    };
  };
}
