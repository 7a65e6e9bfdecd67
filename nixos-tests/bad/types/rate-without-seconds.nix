{
  virtualisation.xen.guests.web.networks.lan.rate = "10MB";
}
