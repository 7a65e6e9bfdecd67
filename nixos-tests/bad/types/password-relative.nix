{
  virtualisation.xen.guests.web.graphics.spice.passwordFile = "keys/spice";
}
