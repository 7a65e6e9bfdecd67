{
  virtualisation.xen.guests = {
    web = {
      autostart = true;
      pci.devices.nic.assignableName = "nic1";
    };
    db = {
      autostart = true;
      kernel = "/boot/bzImage";
      onHostShutdown = "shutdown";
      pci.devices.nic.assignableName = "nic1";
    };
  };
}
