# The units. No unit that a switch may stop or restart has a guest's process in its
# cgroup: xl's monitor and a disk's qemu stay where `xl create` ran.
{
  config,
  lib,
  utils,
  ...
}:
let
  cfg = config.virtualisation.xen;
  domus = lib.getExe cfg.domus.package;
  mountUnits = (import ./mounts.nix { inherit config lib; }).units utils;
  uplinkUnits = lib.concatMap (
    bridge:
    lib.optional (
      bridge.uplink != null
    ) "sys-subsystem-net-devices-${utils.escapeSystemdPath bridge.uplink}.device"
  ) (lib.attrValues cfg.bridges);

  bridgesUnit = "domus-bridges.service";
  prepareUnit = "domus-prepare.service";
  # What xl talks to.
  xenUnits = [
    "xenstored.service"
    "xen-init-dom0.service"
    "xenconsoled.service"
    "xen-qemu-dom0-disk-backend.service"
  ];
  # Booted without Xen, a Xen system skips what needs it; nixpkgs' own units do the same.
  underXen = "/proc/xen/capabilities";

  # One stage of `domus apply`. Its ExecStart names guests.json in the store, so a
  # switch restarts it whenever a guest changed.
  stage = name: {
    wantedBy = [ "multi-user.target" ];
    stopIfChanged = false;
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
      ExecStart = "${domus} apply --stage ${name} --spec ${cfg.domus.guestsJson.path}";
      TimeoutStartSec = "infinity";
    };
  };
in
{
  config = lib.mkIf cfg.domus.enable {
    systemd.services = {
      domus-bridges = lib.mkMerge [
        (stage "bridges")
        {
          description = "Bridges of Xen guests";
          wants = uplinkUnits;
          after = uplinkUnits;
          before = [
            "network.target"
            "xendomains.service"
          ];
        }
      ];

      domus-prepare = lib.mkMerge [
        (stage "images")
        {
          description = "Disk images of Xen guests";
          # Wanted, not required: one mount that fails must not keep all guests down.
          # Domus itself makes no image where a declared mount is missing.
          wants = mountUnits;
          after = mountUnits;
          before = [ "xendomains.service" ];
          path = [ cfg.package ];
        }
      ];

      domus-guests = lib.mkMerge [
        (stage "guests")
        {
          description = "Declared Xen guests";
          wants = [
            bridgesUnit
            prepareUnit
          ];
          after = xenUnits ++ [
            bridgesUnit
            prepareUnit
            "xendomains.service"
          ];
          unitConfig.ConditionPathExists = underXen;
          path = [ cfg.package ];
        }
      ];

      "domus-guest@" = {
        description = "Xen guest %i";
        after = xenUnits ++ [
          bridgesUnit
          prepareUnit
        ];
        # At shutdown the order is turned round: xendomains saves the guests before this stops.
        before = [ "xendomains.service" ];
        restartIfChanged = false;
        unitConfig = {
          ConditionPathExists = underXen;
          X-StopOnRemoval = false;
        };
        path = [ cfg.package ];
        serviceConfig = {
          Type = "notify";
          NotifyAccess = "main";
          ExecStart = "${domus} run %i";
          # Also run when the guest ended by itself; then there is no main process, and nothing to stop.
          ExecStop = "${domus} stop %i --main-pid $MAINPID";
          # A stop that failed must not take the disks from under a guest that still runs: a
          # left-over xl or qemu is the lesser evil.
          KillMode = "process";
          SendSIGKILL = false;
          # xl holds its lock through each build, and pygrub reads the guest's disk.
          TimeoutStartSec = "10min";
          # A guest that shuts down writes its disks first.
          TimeoutStopSec = "15min";
        };
      };
    };
  };
}
