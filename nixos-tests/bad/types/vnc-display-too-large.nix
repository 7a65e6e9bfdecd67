{
  virtualisation.xen.guests.web.graphics.vnc.display = 59636;
}
