{
  virtualisation.xen.guests.web.networks.lan.bridge = "br7";
}
