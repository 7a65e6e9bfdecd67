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
      };
    })
  ];
}
