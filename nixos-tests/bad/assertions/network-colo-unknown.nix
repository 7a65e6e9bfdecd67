{
  virtualisation.xen.guests.db = {
    type = "pv";
    kernel = "/boot/bzImage";
    networks.lan = {
      colo.colo_checkpoint_hst = "192.0.2.66";
    };
  };
}
