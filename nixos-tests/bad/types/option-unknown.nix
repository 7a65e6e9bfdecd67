{
  virtualisation.xen.guests.web.memroy = 512;
}
