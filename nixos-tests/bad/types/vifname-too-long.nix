{
  virtualisation.xen.guests.web.networks.lan.vifname = "a-name-of-16-byt";
}
