{
  networking.bridges.br0.interfaces = [ "enp4s0" ];
  virtualisation.xen.bridges = {
    xenbr0.uplink = "enp3s0";
    xenbr1.uplink = "enp3s0";
    xenbr2.uplink = "enp4s0";
  };
}
