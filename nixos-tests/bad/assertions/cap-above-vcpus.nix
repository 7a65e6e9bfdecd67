{
  virtualisation.xen.guests.web.cpu.cap = 150;
}
