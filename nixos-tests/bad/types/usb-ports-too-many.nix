{
  virtualisation.xen.guests.web.usb.controllers.front.ports = 32;
}
