# What an interface is like, beyond what most guests need.
{ lib, ... }:
let
  types = import ../../types.nix { inherit lib; };
  unset = import ./unset.nix { inherit lib; };
in
{
  options = {
    vifname = unset {
      type = types.interface;
      example = "web-lan";
      description = ''
        The name of the interface in the Dom0, in place of `vif3.0`, where 3 is the domain's number; for a firewall's rules.
        For an HVM guest at most 11 characters: its emulated card gets a second interface with `-emu` behind the name.
      '';
    };

    model = unset {
      type = types.field;
      example = "e1000";
      description = ''
        The card that an HVM guest sees until it has drivers for Xen's own interface, as QEMU calls it. `null` is xl's
        choice, `"rtl8139"`. To others it says nothing.
      '';
    };

    type = unset {
      type = lib.types.enum [
        "ioemu"
        "vif"
      ];
      example = "vif";
      description = ''
        What an HVM guest sees: an emulated card and Xen's own interface, of which it takes one (`"ioemu"`, and `null`), or
        Xen's alone (`"vif"`), which is all that others have.
      '';
    };

    gatewaydev = unset {
      type = types.interface;
      example = "eth0";
      description = "The interface of the Dom0 whose address is the guest's gateway, told to `vif-route`.";
    };

    backend = unset {
      type = types.domain;
      example = "netvm";
      description = ''
        The domain that serves the interface, by name or number, where it is not the Dom0: a driver domain. `bridge` and
        `script` are then those of that domain.
      '';
    };

    rate = unset {
      type = types.rate;
      example = "10MB/s";
      description = ''
        How fast the guest may send: `B` are bytes, `b` bits, and `K`, `M`, `G` powers of 1000. What it may send is topped up
        every 50 ms, or as is said: `"250KB/s@20ms"`.
      '';
    };

    devid = unset {
      type = lib.types.ints.between 0 2147483647;
      example = 3;
      description = ''
        The interface's number, in its name in the Dom0 and in xenstore, where it is not its place in the order, from 0.
      '';
    };

    mtu = unset {
      # IPv4's least and most (RFC 791).
      type = lib.types.ints.between 68 65535;
      example = 9000;
      description = "The largest packet, in bytes. `null` is the bridge's.";
    };

    vlan = unset {
      type = types.vlans;
      example = "10p/20/100+10x4";
      description = ''
        The VLANs that a bridge with VLAN filtering lets through, with slashes between them: `20`, `100-110`, or `100+10x4` for 100
        and 4 more, each 10 further. `u` behind one takes the tag away; `p` besides gives it to what comes without: exactly
        one has that. Since Xen 4.19.
      '';
    };

    trusted = lib.mkOption {
      type = lib.types.bool;
      default = true;
      example = false;
      description = ''
        Whether the guest need not guard itself against the domain that serves the interface. `false` needs Xen 4.17.
      '';
    };

    colo = lib.mkOption {
      type = lib.types.attrsOf types.deviceValue;
      default = { };
      example = lib.literalExpression ''{ forwarddev = "eth1"; }'';
      description = ''
        What COLO's proxy needs to compare what two hosts send, by the names that `vif` has in xl
        (docs/README.colo of Xen). xl calls them unstable.
      '';
    };
  };
}
