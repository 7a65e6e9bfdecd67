# What the Dom0 itself must have.
{
  config,
  lib,
  options,
  guests,
  option,
}:
let
  cfg = config.virtualisation.xen;
  bridges = import ../plugged.nix { inherit lib; };

  networkdBridges = lib.filter (name: name != null) (
    map (
      netdev:
      if (netdev.netdevConfig.Kind or null) == "bridge" then netdev.netdevConfig.Name or null else null
    ) (lib.attrValues config.systemd.network.netdevs)
  );
  declared =
    lib.attrNames cfg.bridges
    ++ lib.attrNames config.networking.bridges
    ++ lib.attrNames config.networking.vswitches
    ++ networkdBridges;

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
        inherit (value) bridge;
      }) (lib.filterAttrs (_: value: !bridges.unused value) guest.networks)
    ) guests
  );

  badName = name: builtins.match "[A-Za-z0-9_.-]{1,15}" name == null;
in
[
  {
    assertion = cfg.enable;
    message = ''
      virtualisation.xen.domus.enable is true, and virtualisation.xen.enable is false: there are no guests without Xen.
      Set virtualisation.xen.enable = true, or leave virtualisation.xen.domus.enable out.
    '';
  }
  {
    assertion = options.virtualisation.xen ? dom0Resources;
    message = ''
      Domus needs the Xen module of NixOS 24.11 or newer, and this nixpkgs has an older one. Update nixpkgs.
    '';
  }
  {
    assertion = !config.virtualisation.libvirtd.enable;
    message = ''
      virtualisation.libvirtd.enable is true, and xendomains.service, which starts and saves the guests of
      virtualisation.xen.guests, conflicts with libvirtd.service: whichever starts later stops the other.
      Set virtualisation.libvirtd.enable = false, or virtualisation.xen.domus.enable = false.
    '';
  }
]
++ map (interface: {
  assertion = lib.elem interface.bridge declared;
  message = ''
    ${interface.option} is "${interface.bridge}", and nothing declares a bridge of that name.
    Declare it:  virtualisation.xen.bridges.${interface.bridge} = { };  or name one of: ${
      if declared == [ ] then "(none is declared)" else lib.concatStringsSep ", " declared
    }.
  '';
}) interfaces
++ lib.concatLists (
  lib.mapAttrsToList (name: bridge: [
    {
      assertion = !badName name;
      message = ''
        virtualisation.xen.bridges."${name}" cannot be the name of a network interface: Linux takes 1 to 15 letters, digits,
        dots, dashes and underscores. Give the bridge a shorter or plainer name.
      '';
    }
    {
      assertion = bridge.uplink != name;
      message = ''
        virtualisation.xen.bridges."${name}".uplink is the bridge itself. Name a network interface of the host, or remove it.
      '';
    }
  ]) cfg.bridges
)
