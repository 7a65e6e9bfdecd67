{
  virtualisation.xen.guests.web.networks.lan.mac = "00:16:3e";
}
