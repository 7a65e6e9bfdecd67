{
  virtualisation.xen.guests.windows = {
    type = "hvm";
    disks = {
      root = {
        path = "/dev/vg0/windows";
        vdev = "xvda";
      };
      installer = {
        path = "/vmdisks/installer.iso";
        cdrom = true;
        vdev = "hda";
      };
    };
  };
}
