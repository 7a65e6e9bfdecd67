{
  virtualisation.xen.guests.web.settings.maxmem = 1024;
}
