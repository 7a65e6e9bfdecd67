{
  virtualisation.xen.guests.web.previousNames = [
    "www"
    "www"
  ];
}
