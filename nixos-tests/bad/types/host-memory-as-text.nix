{
  virtualisation.xen.hostMemory = "32GiB";
}
