{
  virtualisation.xen.bridges.xenbr0.address = "fd00::1/129";
}
