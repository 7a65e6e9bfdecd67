{
  virtualisation.xen.guests.web = {
    usb.controllers = {
      a = { };
      b = { };
    };
  };
}
