{
  virtualisation.xen.guests.web.pci.devices.nic = { };
}
