{
  virtualisation.xen.guests.web = {
    type = "pvh";
    vcpus = 2;
    vnuma = [
      {
        pnode = 0;
        memory = 512;
        vcpus = "0";
      }
    ];
  };
}
