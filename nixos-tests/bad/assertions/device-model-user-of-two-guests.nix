{
  virtualisation.xen.guests = {
    web = {
      autostart = true;
      deviceModel = {
        restrict = true;
        user = "qemu";
      };
    };
    db = {
      autostart = true;
      kernel = "/boot/bzImage";
      deviceModel = {
        restrict = true;
        user = "qemu";
      };
    };
  };
}
