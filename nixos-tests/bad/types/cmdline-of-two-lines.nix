{
  virtualisation.xen.guests.web.cmdline = "quiet\nsplash";
}
