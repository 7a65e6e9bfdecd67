{
  virtualisation.xen.guests.web = {
    pci.devices = {
      a = {
        bdf = "03:00.0";
        order = 0;
      };
      b = {
        bdf = "0000:03:00.*";
        order = 1;
      };
    };
  };
}
