{
  virtualisation.xen.guests.web = {
    shares.www = {
      path = "/srv/www";
      maxFiles = 1000;
    };
  };
}
