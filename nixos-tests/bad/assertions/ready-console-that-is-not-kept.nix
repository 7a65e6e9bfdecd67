{
  virtualisation.xen = {
    domus.consoleLogs.enable = false;
    guests.web.autostart = {
      enable = true;
      ready.console = "login: $";
    };
  };
}
