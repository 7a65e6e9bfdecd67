{
  virtualisation.xen.guests.web = {
    type = "pvh";
    vnuma = [
      {
        pnode = 0;
        memory = 256;
        vcpus = "0";
      }
    ];
  };
}
