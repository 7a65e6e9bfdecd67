{
  virtualisation.xen.guests.windows = {
    type = "hvm";
    disks.root.path = "/dev/vg0/windows";
    graphics.spice = {
      enable = true;
      disableTicketing = true;
    };
  };
}
