{
  virtualisation.xen.guests.web.settings.cpus = {
    first = 2;
  };
}
