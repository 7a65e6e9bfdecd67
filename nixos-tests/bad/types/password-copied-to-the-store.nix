{
  virtualisation.xen.guests.web.graphics.spice.passwordFile = "${./password-relative.nix}";
}
