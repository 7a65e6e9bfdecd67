{
  virtualisation.xen.guests.db = {
    type = "hvm";
    disks.data = {
      path = "/srv/installer.iso";
      cdrom = true;
      specification = "virtio";
    };
  };
}
