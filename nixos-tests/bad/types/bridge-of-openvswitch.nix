{
  virtualisation.xen.guests.web.networks.lan = {
    script = "vif-openvswitch";
    bridge = "ovs0.x";
  };
}
