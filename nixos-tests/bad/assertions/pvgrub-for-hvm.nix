{
  virtualisation.xen.guests.windows = {
    type = "hvm";
    bootloader = "pvgrub";
    disks.root.path = "/dev/vg0/windows";
  };
}
