{
  virtualisation.xen.guests.web = {
    pci = {
      passthrough = "disabled";
      devices.nic.bdf = "03:00.0";
    };
  };
}
