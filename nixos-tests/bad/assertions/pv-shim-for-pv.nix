{
  virtualisation.xen.guests.web.pvShim.enable = true;
}
