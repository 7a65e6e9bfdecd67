{
  virtualisation.xen.guests.web.onCrash = "explode";
}
