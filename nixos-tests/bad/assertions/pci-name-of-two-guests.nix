{
  virtualisation.xen.guests = {
    web = {
      autostart = true;
      pci.devices.nic.assignableName = "nic1";
    };
    db = {
      autostart = true;
      kernel = "/boot/bzImage";
      pci.devices.nic.assignableName = "nic1";
    };
  };
}
