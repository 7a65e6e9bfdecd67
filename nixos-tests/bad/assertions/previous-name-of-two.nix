{
  virtualisation.xen.guests = {
    web = {
      previousNames = [ "www" ];
    };
    db = {
      kernel = "/boot/bzImage";
      initrd = "/boot/initrd";
      previousNames = [ "www" ];
    };
  };
}
