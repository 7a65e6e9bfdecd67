{
  virtualisation.xen.guests.web.cpu.nestedHvm = true;
}
