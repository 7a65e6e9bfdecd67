{
  virtualisation.xen.guests.web = {
    pci = {
      e820Host = false;
      devices.nic.bdf = "03:00.0";
    };
  };
}
