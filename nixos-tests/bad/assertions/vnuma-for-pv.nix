{
  virtualisation.xen.guests.web = {
    vnuma = [
      {
        pnode = 0;
        memory = 512;
        vcpus = "0";
      }
    ];
  };
}
