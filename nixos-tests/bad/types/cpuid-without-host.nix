{
  virtualisation.xen.guests.web.cpu.cpuid = "tm=0";
}
