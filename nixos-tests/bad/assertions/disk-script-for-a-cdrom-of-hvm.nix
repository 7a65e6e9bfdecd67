{
  virtualisation.xen.guests.db = {
    type = "hvm";
    disks.data = {
      path = "tools";
      cdrom = true;
      script = "block-iso";
    };
  };
}
