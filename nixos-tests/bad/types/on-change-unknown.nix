{
  virtualisation.xen.guests.web.onChange = "reboot";
}
