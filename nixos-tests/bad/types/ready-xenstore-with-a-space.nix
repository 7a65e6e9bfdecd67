{
  virtualisation.xen.guests.web.autostart.ready.xenstore = "data/is ready";
}
