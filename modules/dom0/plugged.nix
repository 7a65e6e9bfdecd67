# Which interfaces are plugged into a bridge, and which of those bridges Domus does not make.
{ lib }:
let
  backends = import ./backends.nix { inherit lib; };
in
rec {
  # Xen's own scripts that route or translate, by name or path.
  unused =
    network:
    lib.elem (baseNameOf (toString network.script)) [
      "vif-route"
      "vif-nat"
    ];

  # Whether an interface is plugged into a bridge of this host.
  here = network: !unused network && backends.isDom0 network.backend;

  isOpenvswitch = network: baseNameOf (toString network.script) == "vif-openvswitch";

  # The bridge itself: for Open vSwitch's script VLANs may follow its name.
  bridgeOf =
    network:
    if isOpenvswitch network then
      lib.head (builtins.match "([^.:]*).*" network.bridge)
    else
      network.bridge;

  # The unit of a network interface, which systemd has once the interface is there. An Open vSwitch
  # bridge is one too: OVS gives it an interface of its name.
  deviceUnit = utils: name: "sys-subsystem-net-devices-${utils.escapeSystemdPath name}.device";

  # The units of the bridges that enabled guests name and that something else in the system makes.
  elsewhereUnits =
    utils: xen:
    let
      guests = lib.filter (guest: guest.enable) (lib.attrValues xen.guests);
      networks = lib.filter here (lib.concatMap (guest: lib.attrValues guest.networks) guests);
      named = lib.unique (map bridgeOf networks);
    in
    map (deviceUnit utils) (lib.subtractLists (lib.attrNames xen.bridges) named);
}
