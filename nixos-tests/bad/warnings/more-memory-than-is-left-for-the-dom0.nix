{
  virtualisation.xen = {
    hostMemory = 1024;
    guests.web = {
      memory = 1024;
      autostart = true;
    };
  };
}
