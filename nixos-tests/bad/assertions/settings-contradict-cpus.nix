{
  virtualisation.xen.guests.web.settings.cpus = "0";
}
