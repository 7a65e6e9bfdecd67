{
  virtualisation.xen.guests.windows = {
    type = "hvm";
    onHostShutdown = "shutdown";
    disks.root.path = "/dev/vg0/windows";
    maxMemory = 1024;
    pci.devices.nic.bdf = "03:00.0";
  };
}
