{
  virtualisation.xen.guests.db = {
    bootloader = "pygrub";
    kernel = "/boot/bzImage";
    disks.root.path = "/dev/vg0/db";
  };
}
