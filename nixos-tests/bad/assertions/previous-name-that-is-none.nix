{
  virtualisation.xen.guests.web.previousNames = [
    "42"
    "w w"
  ];
}
