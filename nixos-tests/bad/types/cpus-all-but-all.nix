{
  virtualisation.xen.guests.web.cpu.cpus = "^all";
}
