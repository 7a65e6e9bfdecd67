{
  virtualisation.xen.guests.web.networks.lan.bridge = "a-bridge-with-a-long-name";
}
