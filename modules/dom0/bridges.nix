# What else in the system must leave bridges, uplinks and guests' interfaces alone,
# or it takes their addresses or gives them one.
{ config, lib, ... }:
let
  cfg = config.virtualisation.xen;
  bridges = lib.attrNames cfg.bridges;
  uplinks = lib.filter (uplink: uplink != null) (
    map (bridge: bridge.uplink) (lib.attrValues cfg.bridges)
  );
  # A bridge without an address here may get one by DHCP.
  addressed = lib.filter (name: cfg.bridges.${name}.address != null) bridges;
  # The Dom0's end of each guest's interface, and of its emulated one.
  guestInterfaces = "vif*";
  ours = [ guestInterfaces ] ++ uplinks ++ addressed;
in
{
  config = lib.mkIf cfg.domus.enable {
    networking.networkmanager.unmanaged = map (name: "interface-name:${name}") ours;
    networking.dhcpcd.denyInterfaces = ours;

    systemd.network.networks."10-domus" = lib.mkIf config.systemd.network.enable {
      matchConfig.Name = lib.concatStringsSep " " ours;
      linkConfig.Unmanaged = true;
    };
  };
}
