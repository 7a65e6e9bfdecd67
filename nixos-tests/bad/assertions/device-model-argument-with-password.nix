{
  virtualisation.xen.guests.windows = {
    type = "hvm";
    disks.root.path = "/dev/vg0/windows";
    deviceModel.argsHvm = [
      "-spice"
      "port=5900,password=hunter2"
    ];
  };
}
