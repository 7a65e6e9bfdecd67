{
  virtualisation.xen.guests.web.autostart = "yes";
}
