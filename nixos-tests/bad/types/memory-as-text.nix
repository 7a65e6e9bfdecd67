{
  virtualisation.xen.guests.web.memory = "512M";
}
