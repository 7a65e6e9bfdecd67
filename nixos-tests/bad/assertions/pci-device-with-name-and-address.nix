{
  virtualisation.xen.guests.web = {
    pci.devices.nic = {
      bdf = "03:00.0";
      assignableName = "nic";
    };
  };
}
