{
  virtualisation.xen.guests.web.cpu.weight = 0;
}
