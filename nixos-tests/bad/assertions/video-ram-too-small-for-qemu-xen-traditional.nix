{
  virtualisation.xen.guests.windows = {
    type = "hvm";
    disks.root.path = "/dev/vg0/windows";
    deviceModel.version = "qemu-xen-traditional";
    graphics = {
      vga = "stdvga";
      videoRam = 4;
    };
  };
}
