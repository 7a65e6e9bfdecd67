{
  virtualisation.xen.guests.windows = {
    type = "hvm";
    disks.root.path = "/dev/vg0/windows";
    deviceModel.stubdomain.enable = true;
    graphics.spice = {
      enable = true;
      port = 6000;
      disableTicketing = true;
    };
  };
}
