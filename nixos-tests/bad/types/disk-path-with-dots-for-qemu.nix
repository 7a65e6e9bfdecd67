{
  virtualisation.xen.guests.web.disks.root = {
    path = "/vmdisks/../etc/shadow";
    backendType = "qdisk";
  };
}
