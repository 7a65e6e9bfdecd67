{
  virtualisation.xen.guests.db = {
    bootloader = "pygrub";
    disks.root = {
      path = "/dev/vg0/db";
      format = "qcow2";
    };
  };
}
