# guests.json, version 1: docs/architecture.md says what is in it.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.virtualisation.xen;
  vdev = import ./vdev.nix { inherit lib; };

  immutableEtc =
    let
      overlay = config.system.etc.overlay or { };
    in
    (overlay.enable or false) && !(overlay.mutable or true);
  configDir = if immutableEtc then "/var/lib/domus/xen" else "/etc/xen";

  bridge = name: value: {
    inherit name;
    inherit (value) address uplink;
  };

  devices = import ./devices.nix { inherit config lib; };

  inherit (import ./in-order.nix { inherit lib; }) inOrder order;

  # The type that the guest's own kernel is for: with the shim, PV.
  kernelType = value: if value.pvShim.enable == true then "pv" else value.type;

  guest =
    name: value:
    {
      inherit name;
      inherit (value)
        type
        uuid
        vcpus
        maxVcpus
        onPoweroff
        onReboot
        onCrash
        settings
        ;
      autostart = value.autostart.enable;
      memoryMib = value.memory;
      maxMemoryMib = value.maxMemory;
      boot = {
        inherit (value) bootloader initrd cmdline;
        kernel =
          if value.bootloader == "pvgrub" && value.kernel == null then
            cfg.domus.grubImages.${kernelType value} or null
          else
            value.kernel;
      };
      disks = inOrder (d: if d.vdev == null then 0 else vdev.rank d) (devices.disk value) value.disks;
      networks = inOrder order devices.network value.networks;
    }
    // import ./life.nix { inherit lib value; }
    // import ./hardware.nix { inherit lib value; };

  value = {
    version = 1;
    inherit configDir;
    inherit (cfg) autostartManager;
    bridges = lib.mapAttrsToList bridge cfg.bridges;
    guests = lib.mapAttrsToList guest (lib.filterAttrs (_: g: g.enable) cfg.guests);
  };
  text = builtins.toJSON value;
  path = pkgs.writeText "guests.json" text;
in
{
  config = lib.mkIf cfg.domus.enable {
    virtualisation.xen.domus.guestsJson = {
      inherit value text;
      path = "${path}";
    };

    environment.etc."domus/guests.json".source = path;
    environment.systemPackages = [ cfg.domus.package ];

    # A bad document fails `nixos-rebuild build`, not the switch.
    system.checks = [
      (pkgs.runCommand "domus-check-guests" { } ''
        ${lib.getExe cfg.domus.package} check --spec ${path} >"$out"
      '')
    ];

    # xendomains starts what is in this folder; it must be the one that Domus fills.
    virtualisation.xen.domains.extraConfig = lib.mkIf immutableEtc ''
      XENDOMAINS_AUTO=${configDir}/auto
    '';
  };
}
