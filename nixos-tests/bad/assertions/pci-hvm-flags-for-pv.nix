{
  virtualisation.xen.guests.web = {
    pci = {
      powerManagement = true;
      devices."nic.0" = {
        bdf = "03:00.0";
        powerManagement = true;
        rdmPolicy = "strict";
      };
    };
  };
}
