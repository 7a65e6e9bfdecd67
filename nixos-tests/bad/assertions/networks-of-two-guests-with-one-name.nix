{
  virtualisation.xen.guests =
    let
      guest = {
        kernel = "/boot/bzImage";
        autostart = true;
        networks.lan.vifname = "wan0";
      };
    in
    {
      db = guest;
      mail = guest;
    };
}
