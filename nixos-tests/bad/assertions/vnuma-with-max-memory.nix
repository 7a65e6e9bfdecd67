{
  virtualisation.xen.guests.web = {
    type = "pvh";
    maxMemory = 1024;
    vnuma = [
      {
        pnode = 0;
        memory = 1024;
        vcpus = "0";
      }
    ];
  };
}
