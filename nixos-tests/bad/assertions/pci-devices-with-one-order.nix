{
  virtualisation.xen.guests.web = {
    pci.devices = {
      a = {
        bdf = "03:00.0";
        order = 0;
      };
      b = {
        bdf = "04:00.0";
        order = 0;
      };
    };
  };
}
