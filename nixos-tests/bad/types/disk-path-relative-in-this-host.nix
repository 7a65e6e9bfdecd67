{
  virtualisation.xen.guests.web.disks.root = {
    path = "images/web.img";
    backend = "Domain-0";
  };
}
