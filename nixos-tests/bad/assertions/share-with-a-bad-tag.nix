{
  virtualisation.xen.guests.web.shares."a,b".path = "/srv";
}
