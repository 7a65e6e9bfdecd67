{
  virtualisation.xen.guests.web.graphics.vnc.listen = "0.0.0.0:1";
}
