{
  virtualisation.xen.guests.windows = {
    type = "hvm";
    disks.root.path = "/dev/vg0/windows";
    usb.emulate = true;
    graphics.spice = {
      enable = true;
      port = 6000;
      disableTicketing = true;
      usbRedirection = 1;
    };
  };
}
