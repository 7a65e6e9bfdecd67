{
  virtualisation.xen.guests.web.networks.lan.mac = "01:16:3e:00:00:01";
}
