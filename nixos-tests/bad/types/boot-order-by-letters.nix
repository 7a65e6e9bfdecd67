{
  virtualisation.xen.guests.web.firmware.bootOrder = "cd";
}
