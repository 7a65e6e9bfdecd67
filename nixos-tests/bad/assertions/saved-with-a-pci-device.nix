{
  virtualisation.xen.guests.mail = {
    kernel = "/boot/bzImage";
    initrd = "/boot/initrd";
    pci.devices.nic.bdf = "03:00.0";
  };
}
