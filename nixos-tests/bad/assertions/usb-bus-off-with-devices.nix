{
  virtualisation.xen.guests.windows = {
    type = "hvm";
    disks.root.path = "/dev/vg0/windows";
    usb = {
      emulate = false;
      emulatedDevices = [ "tablet" ];
    };
  };
}
