{
  virtualisation.xen.guests.web.autostart.ready.console = "";
}
