{
  virtualisation.xen.guests.web.disks.root = {
    path = "images/web.img";
    backendType = "tap";
    backend = "0";
  };
}
