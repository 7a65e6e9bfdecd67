{
  virtualisation.xen.guests.db = {
    bootloader = "pygrub";
    disks.root = {
      path = "/vmdisks/web.img";
      readOnly = true;
    };
  };
}
