{
  virtualisation.xen.guests.live = {
    kernel = "/boot/bzImage";
    disks.installer = {
      path = "/vmdisks/installer.iso";
      cdrom = true;
      size = "1GiB";
    };
  };
}
