{
  virtualisation.xen.guests.web.networks.lan.bridge = "..";
}
