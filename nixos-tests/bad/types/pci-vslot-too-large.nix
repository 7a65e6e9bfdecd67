{
  virtualisation.xen.guests.web.pci.devices.nic.vslot = 32;
}
