{
  virtualisation.xen.guests.web.settings.name = "other";
}
