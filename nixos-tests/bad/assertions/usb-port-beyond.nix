{
  virtualisation.xen.guests.web = {
    usb = {
      controllers.front = { };
      devices.key = {
        hostbus = 1;
        hostaddr = 3;
        controller = "front";
        port = 9;
      };
    };
  };
}
