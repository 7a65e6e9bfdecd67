{
  virtualisation.xen = {
    hostMemory = 2048;
    dom0Resources.memory = 768;
    guests = {
      web = {
        memory = 1000;
        vcpus = 2;
        autostart = true;
      };
      windows = {
        type = "hvm";
        memory = 512;
        maxMemory = 1024;
        disks.root.path = "/dev/vg0/windows";
        autostart = true;
      };
      # Not counted.
      idle = {
        kernel = "/boot/bzImage";
        initrd = "/boot/initrd";
        memory = 4096;
      };
    };
  };
}
