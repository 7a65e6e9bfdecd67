# nixpkgs' own unit, which restores saved guests and starts /etc/xen/auto at boot, and saves
# guests at shutdown.
{
  config,
  lib,
  utils,
  ...
}:
let
  cfg = config.virtualisation.xen;
  mountUnits = (import ./mounts.nix { inherit config lib; }).units utils;
  first = [
    "domus-bridges.service"
    "domus-prepare.service"
  ]
  ++ mountUnits
  ++ (import ./plugged.nix { inherit lib; }).elsewhereUnits utils cfg;
in
{
  config = lib.mkMerge [
    # Made safe in every generation, with guests or without: a switch or a removal must not
    # take guests down, and systemd must not kill a save.
    (lib.mkIf cfg.enable {
      systemd.services.xendomains = {
        restartIfChanged = false;
        unitConfig.X-StopOnRemoval = false;
        serviceConfig.TimeoutStopSec = "infinity";
      };
    })

    # Wanted, not required: a guest whose disk or bridge is missing must not keep the others down.
    (lib.mkIf cfg.domus.enable {
      systemd.services.xendomains = {
        wants = first;
        after = first;
        # There in a boot in which Domus started the guests: a switch to xendomains starts none of them a second time,
        # nor those that were stopped by hand. Without Domus somebody has to save them.
        unitConfig.ConditionPathExists = "!/run/domus/manages";
      };
    })

    # Not masked: in a boot in which it started the guests it also saves them, and systemd forgets what a masked unit
    # does when it stops.
    (lib.mkIf (cfg.domus.enable && cfg.autostartManager == "domus") {
      systemd.services.xendomains.wantedBy = lib.mkForce [ ];
    })

    # What is saved there is the guests' memory; XENDOMAINS_SAVE names no other folder (assertions/host.nix).
    (lib.mkIf cfg.domus.enable {
      systemd.tmpfiles.rules = [ "d /var/lib/xen/save 0700 root root -" ];
    })
  ];
}
