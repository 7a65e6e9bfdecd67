{
  virtualisation.xen.guests =
    let
      guest = after: {
        kernel = "/boot/bzImage";
        initrd = "/boot/initrd";
        autostart = {
          enable = true;
          inherit after;
        };
      };
    in
    {
      # Waits for the circle, and is not in it.
      web.autostart = {
        enable = true;
        after = [ "mail" ];
      };
      mail = guest [ "ldap" ];
      ldap = guest [ "db" ];
      db = guest [ "mail" ];
    };
}
