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
      enable = false;
      autostart = true;
    };
  };
}
