{
  virtualisation.xen.guests = {
    web = {
      autostart = true;
      usb.devices.key = {
        hostbus = 1;
        hostaddr = 3;
      };
    };
    db = {
      autostart = true;
      kernel = "/boot/bzImage";
      usb.devices.key = {
        hostbus = 1;
        hostaddr = 3;
      };
    };
  };
}
