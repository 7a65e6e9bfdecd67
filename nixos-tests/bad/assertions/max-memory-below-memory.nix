{
  virtualisation.xen.guests.web = {
    memory = 1024;
    maxMemory = 512;
  };
}
