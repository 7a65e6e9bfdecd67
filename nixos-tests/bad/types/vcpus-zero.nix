{
  virtualisation.xen.guests.web.vcpus = 0;
}
