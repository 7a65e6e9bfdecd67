{
  virtualisation.xen.guests.web.autostart = {
    enable = true;
    after = [ "db" ];
  };
}
