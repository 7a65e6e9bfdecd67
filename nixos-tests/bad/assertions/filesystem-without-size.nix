{
  virtualisation.xen.guests.db = {
    bootloader = "pygrub";
    disks.root = {
      path = "/vmdisks/db.img";
      filesystem.label = "nixos";
    };
  };
}
