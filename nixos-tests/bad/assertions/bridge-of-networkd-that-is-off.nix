{
  systemd.network.netdevs."20-br1".netdevConfig = {
    Kind = "bridge";
    Name = "br1";
  };
  virtualisation.xen.guests.web.networks.lan.bridge = "br1";
}
