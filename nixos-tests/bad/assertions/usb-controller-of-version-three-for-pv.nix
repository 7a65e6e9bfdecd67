{
  virtualisation.xen.guests.web.usb.controllers.front.version = 3;
}
