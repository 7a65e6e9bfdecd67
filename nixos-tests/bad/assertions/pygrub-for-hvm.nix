{
  virtualisation.xen.guests.windows = {
    type = "hvm";
    bootloader = "pygrub";
    disks.root.path = "/dev/vg0/windows";
  };
}
