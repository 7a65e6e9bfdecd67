{
  virtualisation.xen.guests.web.pci.devices.nic.bdf = "3:0.0";
}
