{
  virtualisation.xen.guests.web.vtpm.backend = "a,b";
}
