{
  virtualisation.xen.guests.web.firmware.bios = "o";
}
