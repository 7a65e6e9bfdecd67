{
  virtualisation.xen.guests.web.networks.dmz = { };
}
