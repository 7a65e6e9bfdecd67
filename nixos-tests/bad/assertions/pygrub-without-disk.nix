{
  virtualisation.xen.guests.diskless.bootloader = "pygrub";
}
