{
  virtualisation.xen.guests.web = {
    type = "pvh";
    vnuma = [
      {
        pnode = 0;
        memory = 512;
        vcpus = "0-2";
      }
    ];
  };
}
