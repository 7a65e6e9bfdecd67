{
  virtualisation.xen.guests.live = {
    bootloader = "pygrub";
    disks = {
      installer = {
        path = "/vmdisks/installer.iso";
        cdrom = true;
        order = 0;
      };
      root = {
        path = "/vmdisks/live.img";
        order = 1;
      };
    };
  };
}
