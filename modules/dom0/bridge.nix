# The type of one entry of `virtualisation.xen.bridges`.
{ lib }:
let
  types = import ../types.nix { inherit lib; };
in
lib.types.submodule {
  options = {
    address = lib.mkOption {
      type = lib.types.nullOr types.cidr;
      default = null;
      example = "10.10.0.1/24";
      description = "The Dom0's own address on the bridge. `null` gives it none here; other options may.";
    };
    uplink = lib.mkOption {
      type = lib.types.nullOr types.interface;
      default = null;
      example = "enp3s0";
      description = ''
        A network interface of the host to put into the bridge, so that guests are on its network.
        Its own address no longer works then; give the bridge one. `null` keeps guests among themselves.
      '';
    };
  };
}
