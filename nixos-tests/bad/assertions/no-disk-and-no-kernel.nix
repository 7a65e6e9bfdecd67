{
  virtualisation.xen.guests.empty = { };
}
