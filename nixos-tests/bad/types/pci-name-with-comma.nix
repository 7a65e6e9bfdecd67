{
  virtualisation.xen.guests.web.pci.devices.nic.assignableName = "a,b";
}
