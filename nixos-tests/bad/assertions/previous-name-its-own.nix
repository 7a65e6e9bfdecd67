{
  virtualisation.xen.guests.web.previousNames = [ "web" ];
}
