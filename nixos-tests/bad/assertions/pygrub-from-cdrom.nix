{
  virtualisation.xen.guests.live = {
    bootloader = "pygrub";
    disks.installer = {
      path = "/vmdisks/installer.iso";
      cdrom = true;
    };
  };
}
