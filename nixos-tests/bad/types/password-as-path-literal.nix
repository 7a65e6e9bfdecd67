{
  virtualisation.xen.guests.web.graphics.vnc.passwordFile = ./one.nix;
}
