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
  plugged = import ./plugged.nix { inherit lib; };
  uplinkUnits = map (bridge: plugged.deviceUnit utils bridge.uplink) (
    lib.filter (bridge: bridge.uplink != null) (lib.attrValues cfg.bridges)
  );
  # Bridges that NixOS, networkd or Open vSwitch makes. One that never comes costs systemd's wait for
  # a device, 90 s, and systemd says so.
  bridgeUnits = plugged.elsewhereUnits utils cfg;

  bridgesUnit = "domus-bridges.service";
  prepareUnit = "domus-prepare.service";
  shutdownUnit = "domus-shutdown.service";
  # What a block script serves (iSCSI, RBD, NBD) comes over the network.
  usesScripts = lib.any (
    guest: guest.enable && lib.any (disk: disk.script != null) (lib.attrValues guest.disks)
  ) (lib.attrValues cfg.guests);
  networkUnits = lib.optional usesScripts "network-online.target";
  # What xl talks to.
  xenUnits = [
    "xenstored.service"
    "xen-init-dom0.service"
    "xenconsoled.service"
    "xen-qemu-dom0-disk-backend.service"
  ];
  # xl, and the device model that libxl looks up on PATH (nixpkgs gives its own xendomains the same).
  xenPrograms = [
    cfg.package
    cfg.qemu.package
  ];
  # Of the guests of this configuration, the one that may take longest to shut down, and time for Domus itself.
  longestShutdown = builtins.foldl' (most: guest: lib.max most guest.shutdownTimeout) 0 (
    lib.filter (guest: guest.enable) (lib.attrValues cfg.guests)
  );
  stopSeconds = lib.max 900 (longestShutdown + 120);
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
          # It asks xl who has an image that is to grow.
          after = mountUnits ++ [
            "xenstored.service"
            "xen-init-dom0.service"
          ];
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
          ]
          ++ networkUnits
          ++ bridgeUnits;
          after =
            xenUnits
            ++ [
              bridgesUnit
              prepareUnit
              "xendomains.service"
              "remote-fs.target"
              # At shutdown no guest is started any more when that begins.
              shutdownUnit
            ]
            ++ networkUnits
            ++ mountUnits
            ++ bridgeUnits;
          unitConfig.ConditionPathExists = underXen;
          path = xenPrograms;
        }
      ];

      # Stopped before xendomains, the guests' own units and all that guests need: it shuts down those that are not to be saved,
      # and saves what xendomains does not: all, in a boot in which that did not start.
      domus-shutdown = {
        description = "Shutdown of Xen guests with the host";
        wantedBy = [ "multi-user.target" ];
        after =
          xenUnits
          ++ [
            bridgesUnit
            prepareUnit
            "xendomains.service"
            "network.target"
            "remote-fs.target"
          ]
          ++ mountUnits
          ++ bridgeUnits;
        restartIfChanged = false;
        unitConfig = {
          ConditionPathExists = underXen;
          RefuseManualStop = true;
          X-StopOnRemoval = false;
        };
        path = xenPrograms;
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
          ExecStop = "${domus} host-shutdown";
          # Each guest has a time of its own, and a save takes what it takes.
          TimeoutStopSec = "infinity";
        };
      };

      "domus-guest@" = {
        description = "Xen guest %i";
        wants = bridgeUnits;
        # At shutdown the order is turned round: the guests are shut down or saved before this stops, and only then
        # are the file systems unmounted that their disks are on.
        # It does not follow domus-bridges and domus-prepare: who starts it has done what they do, and has the lock that a restart
        # of them waits for.
        after = xenUnits ++ mountUnits ++ bridgeUnits;
        before = [
          "xendomains.service"
          shutdownUnit
        ];
        restartIfChanged = false;
        unitConfig = {
          ConditionPathExists = underXen;
          X-StopOnRemoval = false;
        };
        path = xenPrograms;
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
          TimeoutStopSec = stopSeconds;
          # `journalctl -t xen-guest-NAME`.
          SyslogIdentifier = "xen-guest-%i";
        };
      };
    };
  };
}
