{
  networking.bridges.xenbr0.interfaces = [ "enp3s0" ];
}
