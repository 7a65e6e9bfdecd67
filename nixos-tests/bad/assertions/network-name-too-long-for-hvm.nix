{
  virtualisation.xen.guests.db = {
    type = "hvm";
    kernel = "/boot/bzImage";
    networks.lan = {
      vifname = "twelve-bytes";
    };
  };
}
