# What becomes of a guest when it ends, and when its declaration or its host changes.
{ lib, ... }:
let
  unset = import ./unset.nix { inherit lib; };
  # xl.cfg(5), "Event actions".
  actions = lib.types.enum [
    "destroy"
    "restart"
    "rename-restart"
    "preserve"
    "coredump-destroy"
    "coredump-restart"
    "soft-reset"
  ];
  action =
    { event, default }:
    lib.mkOption {
      type = actions;
      inherit default;
      example = "preserve";
      description = "What Xen does with the guest when it ${event}.";
    };
  # The first word is the default.
  policy =
    words: example: description:
    lib.mkOption {
      type = lib.types.enum words;
      default = lib.head words;
      inherit example description;
    };
in
{
  options = {
    onPoweroff = action {
      event = "powers itself off";
      default = "destroy";
    };
    onReboot = action {
      event = "reboots";
      default = "restart";
    };
    onCrash = action {
      event = "crashes";
      default = "destroy";
    };
    onWatchdog = unset {
      type = actions;
      example = "restart";
      description = "What Xen does with the guest when its watchdog runs out. xl's own choice is `\"destroy\"`.";
    };
    onSoftReset = unset {
      type = actions;
      example = "destroy";
      description = ''
        What Xen does with the guest when it asks for a soft reset, as a Linux does that starts its crash kernel. xl's own
        choice is `"soft-reset"`.
      '';
    };

    onChange =
      policy
        [
          "live"
          "next-boot"
          "restart"
        ]
        "restart"
        ''
          How a change of this declaration reaches the guest while it runs. With `"live"` a switch changes at once what Xen can
          change in a running guest (memory up to `maxMemory`, vCPUs up to `maxVcpus`, scheduling, disks and networks that are
          added), and the rest waits for the guest's next boot, its own reboot included. With `"next-boot"`
          everything waits for that. With `"restart"` the guest is shut down, given `shutdownTimeout`, and started again.
          What waits is shown by `domus status`. Nothing but `"restart"` ever stops a running guest because of a change.
        '';

    shutdownTimeout = lib.mkOption {
      type = lib.types.ints.between 1 86400;
      default = 300;
      example = 900;
      description = ''
        How long the guest may take to shut down, in seconds, wherever Domus shuts it down: at a restart, at its removal, by
        `domus stop`, and, with `onHostShutdown = "shutdown"`, when the host goes down.
      '';
    };

    onTimeout =
      policy
        [
          "keep"
          "destroy"
        ]
        "destroy"
        ''
          What is done with the guest when it has not shut down within `shutdownTimeout`. `"keep"` lets it run on, and its
          change or removal has failed, which the switch says. `"destroy"` ends it as by a power cut: what it has not
          written to its disks is lost.
        '';

    onRemove =
      policy
        [
          "shutdown"
          "keep"
          "destroy"
        ]
        "keep"
        ''
          What is done with the guest by the switch to a configuration that no longer declares it. `"shutdown"` shuts it down;
          if it does not within `shutdownTimeout`, `onTimeout` says what follows. `"keep"` lets it run on until somebody stops
          it. `"destroy"` ends it as by a power cut. Its disks are never deleted, and a save file of it is left where it is.
        '';

    onStaleSave =
      policy
        [
          "restore"
          "discard"
        ]
        "discard"
        ''
          What is done when the host boots with a save file of the guest, and the declaration changed after the guest was saved.
          `"restore"` restores it as it was, and the change waits for the guest's next boot; `domus status` says so.
          `"discard"` starts the guest as it is declared now, as after a power cut, and moves the save file aside; it is never deleted.
        '';

    onHostShutdown =
      policy
        [
          "save"
          "shutdown"
        ]
        "shutdown"
        ''
          What is done with the guest when the host goes down. `"save"` writes its memory to the save folder (`/var/lib/xen/save`),
          and the guest is restored from there at the next boot. `"shutdown"` shuts it down, before the others are saved, and gives
          it `shutdownTimeout`. Guests with PCI devices, with `vnuma` or with `settings.nomigrate` cannot be saved and restored, and need `"shutdown"`.
        '';

    previousNames = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "www" ];
      description = ''
        What the guest was called before, the newest name last. A guest that is renamed keeps what Domus knows it by (its UUID,
        its MAC addresses, what became of its disks) where its old name stands here; otherwise it is a new guest, and
        the old one is removed as `onRemove` says. UUID and MAC addresses that are not set are derived from the first of these names.
      '';
    };
  };
}
