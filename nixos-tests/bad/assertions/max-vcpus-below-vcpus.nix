{
  virtualisation.xen.guests.web = {
    vcpus = 4;
    maxVcpus = 2;
  };
}
