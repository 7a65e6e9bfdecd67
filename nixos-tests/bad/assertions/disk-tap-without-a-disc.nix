{
  virtualisation.xen.guests.db = {
    type = "pv";
    kernel = "/boot/bzImage";
    disks.data = {
      cdrom = true;
      backendType = "tap";
    };
  };
}
