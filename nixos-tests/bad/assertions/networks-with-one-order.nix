{
  virtualisation.xen.guests.web.networks = {
    lan.order = 0;
    dmz.order = 0;
  };
}
