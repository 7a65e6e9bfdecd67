{
  virtualisation.xen.guests = {
    web = {
      previousNames = [ "db" ];
    };
    db = {
      kernel = "/boot/bzImage";
      initrd = "/boot/initrd";
    };
  };
}
