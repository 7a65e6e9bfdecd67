{
  virtualisation.xen.guests.web.viridian = [ "frequent" ];
}
