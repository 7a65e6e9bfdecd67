{
  virtualisation.xen.guests.db = {
    type = "pv";
    kernel = "/boot/bzImage";
    networks.lan = {
      type = "ioemu";
    };
  };
}
