{
  virtualisation.xen.guests.web = {
    usb = {
      controllers.front = { };
      devices = {
        a = {
          hostbus = 1;
          hostaddr = 3;
          controller = "front";
          port = 1;
        };
        b = {
          hostbus = 1;
          hostaddr = 4;
          controller = "front";
          port = 1;
        };
      };
    };
  };
}
