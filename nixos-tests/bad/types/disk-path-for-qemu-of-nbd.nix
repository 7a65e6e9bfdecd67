{
  virtualisation.xen.guests.web.disks.root = {
    path = "nbd:192.0.2.1:10809";
    backendType = "qdisk";
  };
}
