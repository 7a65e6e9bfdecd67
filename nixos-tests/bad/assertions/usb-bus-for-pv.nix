{
  virtualisation.xen.guests.web.usb.emulatedDevices = [ "tablet" ];
}
