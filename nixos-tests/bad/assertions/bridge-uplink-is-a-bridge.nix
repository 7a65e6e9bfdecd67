{
  virtualisation.xen.bridges.xenbr0.uplink = "xenbr1";
  virtualisation.xen.bridges.xenbr1 = { };
}
