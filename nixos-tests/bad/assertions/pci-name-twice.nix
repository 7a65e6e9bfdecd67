{
  virtualisation.xen.guests.web = {
    pci.devices = {
      a = {
        assignableName = "nic1";
        order = 0;
      };
      b = {
        assignableName = "nic1";
        order = 1;
      };
    };
  };
}
