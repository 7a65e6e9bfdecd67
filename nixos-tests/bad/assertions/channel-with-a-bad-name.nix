{
  virtualisation.xen.guests.web.channels."a=b" = { };
}
