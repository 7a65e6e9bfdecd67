{
  virtualisation.xen.guests.web.graphics.vnc.passwordFile = "/run/keys/vnc";
}
