# When a guest starts, and what follows when it ends.
{ lib, ... }:
let
  # xl.cfg(5), "Event actions".
  action =
    { event, default }:
    lib.mkOption {
      type = lib.types.enum [
        "destroy"
        "restart"
        "rename-restart"
        "preserve"
        "coredump-destroy"
        "coredump-restart"
        "soft-reset"
      ];
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
  };
}
