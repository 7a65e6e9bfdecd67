# Networks, as far as bridges go.
{ config, lib, ... }:
let
  inherit (lib) types;
  free = lib.mkOption {
    type = types.attrsOf types.anything;
    default = { };
  };
  strings = lib.mkOption {
    type = types.listOf types.str;
    default = [ ];
  };
in
{
  options = {
    networking = {
      hostName = lib.mkOption {
        type = types.strMatching "$|[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?";
        default = "nixos";
      };
      bridges = free;
      vswitches = free;
      interfaces = free;
      firewall = free;
      useDHCP = lib.mkOption {
        type = types.bool;
        default = true;
      };
      useNetworkd = lib.mkEnableOption "networkd";
      networkmanager = {
        enable = lib.mkEnableOption "NetworkManager";
        unmanaged = strings;
      };
      dhcpcd.denyInterfaces = strings;
    };
    systemd.network = {
      enable = lib.mkEnableOption "networkd";
      netdevs = free;
      networks = free;
    };
  };

  config.systemd.network.enable = lib.mkIf config.networking.useNetworkd true;
}
