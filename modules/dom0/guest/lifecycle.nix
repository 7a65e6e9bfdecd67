# When a guest starts, and what follows when it ends.
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
in
{
  options = {
    autostart = lib.mkOption {
      type = lib.types.bool;
      default = false;
      example = true;
      description = "Whether the guest is started when the host boots, and when it is first declared.";
    };

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
  };
}
