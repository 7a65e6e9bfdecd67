{
  virtualisation.xen.guests.windows = {
    type = "hvm";
    disks.root.path = "/dev/vg0/windows";
    deviceModel.stubdomain.memory = 256;
  };
}
