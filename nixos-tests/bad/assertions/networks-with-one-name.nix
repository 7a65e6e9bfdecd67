{
  virtualisation.xen.guests.db = {
    kernel = "/boot/bzImage";
    networks = {
      lan = {
        vifname = "db0";
        order = 0;
      };
      wan = {
        vifname = "db0";
        order = 1;
      };
    };
  };
}
