{
  virtualisation.xen.bridges.a-bridge-with-a-long-name = { };
}
