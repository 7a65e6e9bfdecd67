{
  virtualisation.xen.guests.web.cpu.cpuid = [ "1:ecx=x0" ];
}
