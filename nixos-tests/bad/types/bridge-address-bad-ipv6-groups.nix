{
  virtualisation.xen.bridges.xenbr0.address = "fd00:1:2:3:4:5:6:7::/64";
}
