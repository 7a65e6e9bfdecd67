{
  virtualisation.xen.guests.web.graphics.vnc.passwordFile = "/nix/store/x-vnc";
}
