{
  virtualisation.xen.guests.web.networks.lan.ip = "dhcp";
}
