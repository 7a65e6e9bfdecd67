{
  virtualisation.xen.guests.web.type = "p";
}
