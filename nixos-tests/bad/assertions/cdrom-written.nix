{
  virtualisation.xen.guests.db = {
    kernel = "/boot/bzImage";
    disks.cd = {
      path = "/vmdisks/cd.iso";
      cdrom = true;
      readOnly = false;
    };
  };
}
