{
  virtualisation.xen.guests.windows = {
    type = "hvm";
    disks.root.path = "/dev/vg0/windows";
    usb = {
      version = 2;
      emulate = true;
    };
  };
}
