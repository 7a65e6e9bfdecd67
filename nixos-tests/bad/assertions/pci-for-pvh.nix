{
  virtualisation.xen.guests.web = {
    type = "pvh";
    pci.devices.nic.bdf = "03:00.0";
  };
}
