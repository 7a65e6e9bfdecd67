{
  virtualisation.xen.guests.web.cpu.weight = 65536;
}
