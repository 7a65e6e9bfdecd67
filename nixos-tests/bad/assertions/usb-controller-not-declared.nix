{
  virtualisation.xen.guests.web = {
    usb.devices.key = {
      hostbus = 1;
      hostaddr = 3;
      controller = "front";
    };
  };
}
