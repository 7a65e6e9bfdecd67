{
  virtualisation.xen.guests.web.uuid = "web";
}
