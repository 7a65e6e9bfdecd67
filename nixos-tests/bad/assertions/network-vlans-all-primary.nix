{
  virtualisation.xen.guests.db = {
    type = "pv";
    kernel = "/boot/bzImage";
    networks.lan = {
      vlan = "10-20p";
    };
  };
}
