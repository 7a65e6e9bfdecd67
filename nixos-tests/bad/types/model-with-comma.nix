{
  virtualisation.xen.guests.web.networks.lan.model = "e1000,x=y";
}
