{
  networking.vswitches.xenbr0.interfaces.enp3s0 = { };
}
