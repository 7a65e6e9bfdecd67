{
  virtualisation.xen.guests.web.networks.lan.mtu = 67;
}
