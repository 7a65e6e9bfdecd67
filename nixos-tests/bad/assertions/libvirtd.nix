{
  virtualisation.libvirtd.enable = true;
}
