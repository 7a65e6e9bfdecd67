{
  virtualisation.xen.guests.web = {
    type = "pvh";
    pvShim.extra = "loglvl=all";
  };
}
