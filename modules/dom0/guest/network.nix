# The type of one entry of `networks`.
{
  lib,
  seed,
  guest,
}:
let
  identity = import ../identity.nix { inherit lib; };
  types = import ../../types.nix { inherit lib; };
  plugged = import ../plugged.nix { inherit lib; };
in
lib.types.submodule (
  { config, name, ... }:
  {
    imports = [ ./network-device.nix ];

    options = {
      bridge = lib.mkOption {
        type = if plugged.isOpenvswitch config then types.openvswitchBridge else types.interface;
        default = "xenbr0";
        example = "br0";
        description = ''
          The bridge that the interface is plugged into, in the Dom0 or in the domain of `backend`. One of the Dom0
          must be declared, in `virtualisation.xen.bridges` or where NixOS declares bridges. With
          `script = "vif-openvswitch"` VLANs may follow the name: `"ovs0.10:20:30"`.
        '';
      };

      mac = lib.mkOption {
        type = types.mac;
        default = identity.mac seed guest name;
        defaultText = lib.literalMD "Xen's prefix 00:16:3e and three bytes derived from `virtualisation.xen.domus.seed`, the guest's name and this one";
        example = "00:16:3e:12:34:56";
        description = "The interface's address. A DHCP server's lease may be written with this option's value.";
      };

      ip = lib.mkOption {
        type = lib.types.nullOr types.addresses;
        default = null;
        example = "10.10.0.2";
        description = ''
          The address that the guest will use, told to `script`; with Xen's own scripts it becomes a
          firewall rule or a route. It does not configure the guest.
        '';
      };

      script = lib.mkOption {
        type = lib.types.nullOr types.script;
        default = null;
        example = "vif-route";
        description = "The script that plugs the interface in. `null` is xl's own choice, `vif-bridge`.";
      };

      order = lib.mkOption {
        type = lib.types.nullOr (lib.types.ints.between 0 255);
        default = null;
        example = 0;
        description = ''
          The interface's position: 0 is the guest's first. With more than one interface each needs it,
          so that none changes its place because another is declared.
        '';
      };
    };
  }
)
