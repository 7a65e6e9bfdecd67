# What `cargo xtask eval` shows of an evaluated system, as one attribute set. The
# real NixOS and the offline stand-in both go through here.
{ config, lib }:
let
  cfg = config.virtualisation.xen;
  managed = cfg.domus.enable;

  # The units that Domus defines, and those of nixpkgs that it changes. The latter are
  # in the xen package, so NixOS makes what is declared of them a drop-in.
  ours = {
    "domus-bridges.service" = false;
    "domus-prepare.service" = false;
    "domus-guests.service" = false;
    "domus-guest@.service" = false;
    "domus-shutdown.service" = false;
  };
  changed = {
    "xendomains.service" = true;
    "xenconsoled.service" = true;
  }
  # Where guests may take longer than systemd waits by itself.
  // lib.optionalAttrs (config.systemd.targets ? reboot) {
    "reboot.target" = true;
    "poweroff.target" = true;
  };
  unit =
    name: dropIn:
    let
      value = config.systemd.units.${name};
    in
    {
      inherit dropIn;
      inherit (value) text wantedBy requiredBy;
    };

  # xendomains' own settings, where Domus changes them.
  changesXendomains = cfg.domains.extraConfig != "";

  linesOf = text: lib.filter (line: line != "") (lib.splitString "\n" text);
  lines = lib.concatMapStrings (line: "${line}\n");

  logs = config.services.logrotate.settings.domus-consoles;
in
{
  guestsJsonPath = if managed then cfg.domus.guestsJson.path else "";
  guestsJson = if managed then cfg.domus.guestsJson.text else "";
  domusPackage = if managed then "${lib.getBin cfg.domus.package}" else "";
  xenPackage = if managed then "${lib.getBin cfg.package}" else "";
  activation = if managed then config.system.activationScripts.domus.text else "";
  units = lib.mapAttrs unit (lib.optionalAttrs managed ours // lib.optionalAttrs cfg.enable changed);
  etc =
    if managed then
      {
        "domus/guests.json" = cfg.domus.guestsJson.text;
        # The name under which NixOS keeps systemd.tmpfiles.rules; here those that are Domus'.
        "tmpfiles.d/00-nixos.conf" = lines (
          lib.sort (a: b: a < b) (
            lib.filter (
              rule: lib.hasInfix " /var/lib/xen/" rule || lib.hasInfix " /var/log/xen/" rule
            ) config.systemd.tmpfiles.rules
          )
        );
      }
      // lib.optionalAttrs cfg.domus.consoleLogs.enable {
        # What systemd takes from it for xenconsoled; the rest is nixpkgs' own.
        "default/xencommons" = lines (
          lib.filter (lib.hasPrefix "XENCONSOLED_") (linesOf config.environment.etc."default/xencommons".text)
        );
      }
      // lib.optionalAttrs changesXendomains {
        "default/xendomains" = config.environment.etc."default/xendomains".text;
      }
    else
      { };
  logrotate =
    if managed && cfg.domus.consoleLogs.enable then
      lines (
        map (name: "${name} ${toString logs.${name}}") [
          "files"
          "size"
          "rotate"
          "missingok"
          "notifempty"
          "nocreate"
          "sharedscripts"
          "postrotate"
        ]
      )
    else
      "";
  inherit (config) warnings;
  failedAssertions = map (entry: entry.message) (
    lib.filter (entry: !entry.assertion) config.assertions
  );
}
