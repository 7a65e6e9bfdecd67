{
  virtualisation.xen.guests.web.settings."CPU Weight" = 512;
}
