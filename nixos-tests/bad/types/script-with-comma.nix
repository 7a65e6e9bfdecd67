{
  virtualisation.xen.guests.web.networks.lan.script = "vif-bridge,evil";
}
