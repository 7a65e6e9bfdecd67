{
  virtualisation.xen.guests.web.networks.lan.devid = -1;
}
