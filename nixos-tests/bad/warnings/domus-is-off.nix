{
  virtualisation.xen.domus.enable = false;
}
