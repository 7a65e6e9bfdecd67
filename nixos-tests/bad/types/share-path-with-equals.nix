{
  virtualisation.xen.guests.web.shares.www.path = "/srv/a=b";
}
