{
  virtualisation.xen.bridges.xenbr0.address = "10.10.0.256/24";
}
