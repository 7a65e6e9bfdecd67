{
  virtualisation.xen.guests.web.cpu.cpus = "the first";
}
