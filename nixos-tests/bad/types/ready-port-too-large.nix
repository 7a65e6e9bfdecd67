{
  virtualisation.xen.guests.web.autostart.ready.port = 65536;
}
