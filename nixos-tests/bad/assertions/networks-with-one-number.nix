{
  virtualisation.xen.guests.db = {
    kernel = "/boot/bzImage";
    networks = {
      lan = {
        devid = 1;
        order = 0;
      };
      # The second, and so number 1.
      wan.order = 1;
    };
  };
}
