{
  virtualisation.xen.guests.web = {
    usb.devices = {
      a = {
        hostbus = 1;
        hostaddr = 3;
      };
      b = {
        hostbus = 1;
        hostaddr = 3;
      };
    };
  };
}
