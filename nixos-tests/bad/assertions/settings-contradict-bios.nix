{
  virtualisation.xen.guests.windows = {
    type = "hvm";
    disks.root.path = "/dev/vg0/windows";
    firmware.bios = "seabios";
    settings.firmware = "ovmf";
  };
}
