{
  virtualisation.xen.guests.web.autostart = {
    order = 5;
    ready.port = 80;
  };
}
