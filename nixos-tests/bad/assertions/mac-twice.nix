{
  virtualisation.xen.guests = {
    web.networks.lan.mac = "00:16:3e:00:00:01";
    db = {
      kernel = "/boot/bzImage";
      networks.lan.mac = "00:16:3e:00:00:01";
    };
  };
}
