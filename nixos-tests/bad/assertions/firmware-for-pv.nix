{
  virtualisation.xen.guests.db = {
    bootloader = "firmware";
    disks.root.path = "/dev/vg0/db";
  };
}
