{
  virtualisation.xen.guests.web.networks.lan.backend = "4294967296";
}
