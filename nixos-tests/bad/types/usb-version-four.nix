{
  virtualisation.xen.guests.web.usb.version = 4;
}
