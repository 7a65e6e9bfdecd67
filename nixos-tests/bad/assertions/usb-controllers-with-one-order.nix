{
  virtualisation.xen.guests.web = {
    usb.controllers = {
      a.order = 0;
      b.order = 0;
    };
  };
}
