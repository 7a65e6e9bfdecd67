# Bridges: each made by one, and with an uplink of its own.
{
  config,
  lib,
  guests,
  option,
}:
let
  cfg = config.virtualisation.xen;
  plugged = import ../plugged.nix { inherit lib; };

  own = lib.attrNames cfg.bridges;
  ofOwn =
    name: path:
    "${
      lib.showOption [
        "virtualisation"
        "xen"
        "bridges"
        name
      ]
    }${path}";

  networkdBridges = lib.filter (name: name != null) (
    map (
      netdev:
      if (netdev.netdevConfig.Kind or null) == "bridge" then netdev.netdevConfig.Name or null else null
    ) (lib.optionals config.systemd.network.enable (lib.attrValues config.systemd.network.netdevs))
  );
  # What NixOS itself makes, with what it plugs in.
  ofNixos =
    lib.mapAttrsToList (name: value: {
      inherit name;
      option = lib.showOption [
        "networking"
        "bridges"
        name
      ];
      interfaces = value.interfaces or [ ];
    }) config.networking.bridges
    ++ lib.mapAttrsToList (name: value: {
      inherit name;
      option = lib.showOption [
        "networking"
        "vswitches"
        name
      ];
      interfaces = lib.attrNames (value.interfaces or { });
    }) config.networking.vswitches;
  declared = own ++ map (bridge: bridge.name) ofNixos ++ networkdBridges;

  interfaces = lib.concatLists (
    lib.mapAttrsToList (
      name: guest:
      lib.mapAttrsToList (network: value: {
        option = option name (
          lib.showOption [
            "networks"
            network
            "bridge"
          ]
        );
        bridge = plugged.bridgeOf value;
      }) (lib.filterAttrs (_: plugged.here) guest.networks)
    ) guests
  );

  badName =
    name:
    builtins.match "[A-Za-z0-9_.-]{1,15}" name == null
    || lib.elem name [
      "."
      ".."
    ];

  # Every interface of the host that is put into a bridge.
  withUplink = lib.filter (name: cfg.bridges.${name}.uplink != null) own;
  ports =
    map (name: {
      option = ofOwn name ".uplink";
      interface = cfg.bridges.${name}.uplink;
    }) withUplink
    ++ lib.concatMap (
      bridge:
      map (interface: {
        option = "${bridge.option}.interfaces";
        inherit interface;
      }) bridge.interfaces
    ) ofNixos;
  # Only what Domus would put in is its business.
  uplinks = map (name: cfg.bridges.${name}.uplink) withUplink;
  shared = lib.filter (group: lib.length group > 1) (
    lib.attrValues (
      lib.groupBy (port: port.interface) (lib.filter (port: lib.elem port.interface uplinks) ports)
    )
  );
in
map (interface: {
  assertion = lib.elem interface.bridge declared;
  message = ''
    ${interface.option} is "${interface.bridge}", and nothing declares a bridge of that name.
    Declare it:  virtualisation.xen.bridges.${interface.bridge} = { };  or name one of: ${
      if declared == [ ] then "(none is declared)" else lib.concatStringsSep ", " (lib.unique declared)
    }.
  '';
}) interfaces
++ lib.concatMap (
  name:
  let
    inherit (cfg.bridges.${name}) uplink;
  in
  [
    {
      assertion = !badName name;
      message = ''
        virtualisation.xen.bridges."${name}" cannot be the name of a network interface: Linux takes 1 to 15 letters, digits,
        dots, dashes and underscores. Give the bridge a shorter or plainer name.
      '';
    }
    {
      assertion = uplink != name;
      message = ''
        ${ofOwn name ".uplink"} is the bridge itself. Name a network interface of the host, or remove it.
      '';
    }
    {
      assertion = uplink == null || uplink == name || !lib.elem uplink declared;
      message = ''
        ${ofOwn name ".uplink"} is "${toString uplink}", which is a bridge itself, and Linux puts no bridge into another.
        Name a network interface of the host, or let the guests name the bridge ${toString uplink}.
      '';
    }
  ]
) own
++ map (bridge: {
  assertion = !lib.elem bridge.name own;
  message = ''
    ${bridge.option} and ${ofOwn bridge.name ""} declare one bridge, and NixOS deletes its own and makes it anew at a change,
    with guests plugged in. Remove ${bridge.option}, and set uplink and address in ${ofOwn bridge.name ""}.
  '';
}) ofNixos
++ map (group: {
  assertion = false;
  message = ''
    ${
      lib.concatMapStringsSep " and " (port: port.option) group
    } have ${(lib.head group).interface}, and an interface is in one bridge only.
    Give each bridge an interface of its own, or let the guests share one bridge.
  '';
}) shared
