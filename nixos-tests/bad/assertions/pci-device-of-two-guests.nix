{
  virtualisation.xen.guests = {
    web = {
      autostart = true;
      pci.devices.nic.bdf = "03:00.0";
    };
    db = {
      autostart = true;
      kernel = "/boot/bzImage";
      onHostShutdown = "shutdown";
      pci.devices.nic.bdf = "03:00.0";
    };
  };
}
