{
  virtualisation.xen.guests.web.memory = 0;
}
