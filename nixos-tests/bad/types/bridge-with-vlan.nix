{
  virtualisation.xen.guests.web.networks.lan.bridge = "ovs0:20";
}
