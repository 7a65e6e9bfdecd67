{
  virtualisation.xen.guests.web.pci.rdm.memBoundary = 1024;
}
