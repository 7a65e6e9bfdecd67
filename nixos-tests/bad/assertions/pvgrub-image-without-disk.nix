{
  virtualisation.xen.guests.diskless = {
    bootloader = "pvgrub";
    kernel = "/boot/grub-x86_64-xen.bin";
  };
}
