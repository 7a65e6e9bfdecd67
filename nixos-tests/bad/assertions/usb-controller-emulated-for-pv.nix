{
  virtualisation.xen.guests.web.usb.controllers.front.type = "devicemodel";
}
