{
  virtualisation.xen.guests = {
    web = {
      autostart = {
        enable = true;
        after = [
          "db"
          "db"
        ];
      };
    };
    db = {
      kernel = "/boot/bzImage";
      initrd = "/boot/initrd";
      autostart = true;
    };
  };
}
