# How long the host may take to go down. What Xen and systemd allow by themselves is less than what guests may be given, and what
# is not done by then is cut off.
{ config, lib, ... }:
let
  cfg = config.virtualisation.xen;
  guests = lib.filter (guest: guest.enable) (lib.attrValues cfg.guests);
  isSaved = guest: guest.onHostShutdown == "save";
  largest = builtins.foldl' lib.max 0;
  sum = builtins.foldl' (total: seconds: total + seconds) 0;

  # A guest may have grown to the most memory that it may have, and a slow disk writes 20 MiB a second.
  saveSeconds = guest: 60 + (if guest.maxMemory == null then guest.memory else guest.maxMemory) / 20;
  saves = map saveSeconds (lib.filter isSaved guests);

  # xendomains ends an xl that takes longer, and a guest that was being saved is left suspended: its memory is lost
  # with the host (tools/hotplug/Linux/xendomains.in, watchdog_xencmd). Xen's own default is 300.
  xenSeconds = 300;
  stopSeconds = lib.max xenSeconds (largest saves);

  # Guests of one order end at once, but for those that come after one another.
  shutDown = lib.filter (guest: !isSaved guest) guests;
  wave =
    guests:
    largest (map (guest: guest.shutdownTimeout) guests)
    * (1 + lib.length (lib.filter (guest: guest.autostart.after != [ ]) guests));
  waves = lib.mapAttrsToList (_: wave) (lib.groupBy (guest: toString guest.autostart.order) shutDown);
  # A guest that did not shut down in its time is asked once more by its unit, and xendomains waits for what it does not save.
  again = largest (map (guest: guest.shutdownTimeout) guests) + 120 + stopSeconds;
  total = sum waves + sum saves + again + 300;

  # Of reboot.target and poweroff.target (systemd's own units): then the host is cut off, whatever its units still do (JobTimeoutAction).
  systemdSeconds = 30 * 60;
in
{
  config = lib.mkIf cfg.domus.enable {
    # Of two lines the last counts, and what others set comes after this.
    virtualisation.xen.domains.extraConfig = lib.mkIf (stopSeconds > xenSeconds) (
      lib.mkBefore "XENDOMAINS_STOP_MAXWAIT=${toString stopSeconds}"
    );

    systemd.targets = lib.mkIf (total > systemdSeconds) (
      lib.genAttrs [ "reboot" "poweroff" ] (_: {
        unitConfig.JobTimeoutSec = total;
      })
    );
  };
}
