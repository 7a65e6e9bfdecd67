{
  virtualisation.xen.bridges.xenbr0.uplink = "xenbr0";
}
