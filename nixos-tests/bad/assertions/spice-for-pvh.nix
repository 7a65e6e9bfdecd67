{
  virtualisation.xen.guests.web = {
    type = "pvh";
    graphics.spice = {
      enable = true;
      port = 6000;
      disableTicketing = true;
    };
  };
}
