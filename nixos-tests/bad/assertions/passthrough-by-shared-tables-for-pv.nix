{
  virtualisation.xen.guests.web.pci.passthrough = "share_pt";
}
