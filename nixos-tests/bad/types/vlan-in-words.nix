{
  virtualisation.xen.guests.web.networks.lan.vlan = "all";
}
