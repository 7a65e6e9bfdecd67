{
  virtualisation.xen.guests.db = {
    type = "pvh";
    bootloader = "firmware";
    disks.root.path = "/dev/vg0/db";
  };
}
