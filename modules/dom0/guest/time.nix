# The guest's clocks.
{ lib, ... }:
let
  unset = import ./unset.nix { inherit lib; };
in
{
  options.time = {
    tscMode = unset {
      type = lib.types.enum [
        "default"
        "always_emulate"
        "native"
      ];
      example = "native";
      description = ''
        How the guest reads the processor's time stamp counter: natively where that is safe (`"default"`), always emulated
        at 1 GHz, or always natively, which may jump when the guest is migrated. xen-tscmode(7) says more.
      '';
    };

    timerMode = unset {
      type = lib.types.enum [
        "delay_for_missed_ticks"
        "no_delay_for_missed_ticks"
        "no_missed_ticks_pending"
        "one_missed_tick_pending"
      ];
      example = "one_missed_tick_pending";
      description = ''
        What becomes of the timer's ticks that the guest missed because it did not run. For PVH and HVM; xl's own choice is
        `"no_delay_for_missed_ticks"`.
      '';
    };

    hpet = unset {
      type = lib.types.bool;
      example = false;
      description = "Whether an HVM guest has a High Precision Event Timer. xl's own choice is `true`.";
    };

    vptAlign = unset {
      type = lib.types.bool;
      example = false;
      description = ''
        Whether the periodic timers of an HVM guest are aligned, so that they interrupt less often. xl's own choice is `true`.
      '';
    };

    rtcOffset = unset {
      type = lib.types.ints.between (-2147483648) 2147483647;
      example = -3600;
      description = "By how many seconds the guest's clock is ahead of the host's UTC; a negative number is behind.";
    };

    localtime = unset {
      type = lib.types.bool;
      example = true;
      description = ''
        Whether the guest's clock starts at the host's local time in place of UTC, as Windows expects it. `time.rtcOffset` is
        added to it.
      '';
    };
  };
}
