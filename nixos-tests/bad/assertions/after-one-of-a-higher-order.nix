{
  virtualisation.xen.guests = {
    web = {
      autostart = {
        enable = true;
        order = 1;
        after = [ "db" ];
      };
    };
    db = {
      kernel = "/boot/bzImage";
      initrd = "/boot/initrd";
      autostart = {
        enable = true;
        order = 2;
      };
    };
  };
}
