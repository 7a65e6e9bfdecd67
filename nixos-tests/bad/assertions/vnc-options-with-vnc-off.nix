{
  virtualisation.xen.guests.windows = {
    type = "hvm";
    disks.root.path = "/dev/vg0/windows";
    graphics.vnc = {
      enable = false;
      listen = "0.0.0.0";
    };
  };
}
