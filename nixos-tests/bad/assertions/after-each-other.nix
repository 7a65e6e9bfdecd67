{
  virtualisation.xen.guests = {
    web = {
      autostart = {
        enable = true;
        after = [ "db" ];
      };
    };
    db = {
      kernel = "/boot/bzImage";
      initrd = "/boot/initrd";
      autostart = {
        enable = true;
        after = [ "web" ];
      };
    };
  };
}
