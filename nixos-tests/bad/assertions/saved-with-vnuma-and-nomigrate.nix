{
  virtualisation.xen.guests.mail = {
    type = "pvh";
    kernel = "/boot/bzImage";
    initrd = "/boot/initrd";
    memory = 1024;
    vnuma = [
      {
        pnode = 0;
        memory = 1024;
        vcpus = "0";
      }
    ];
    settings.nomigrate = true;
  };
}
