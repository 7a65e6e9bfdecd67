{
  virtualisation.xen.guests.web = {
    cpu.cpus = "0-1";
    settings.cpus = "0";
  };
}
