# What `cargo xtask eval` shows of an evaluated system, as one attribute set. The
# real NixOS and the offline stand-in both go through here.
{ config, lib }:
let
  cfg = config.virtualisation.xen;
  managed = cfg.domus.enable;

  # The units that Domus defines, and the one of nixpkgs that it changes. The latter is
  # in the xen package, so NixOS makes what is declared of it a drop-in.
  units = {
    "domus-bridges.service" = false;
    "domus-prepare.service" = false;
    "domus-guests.service" = false;
    "domus-guest@.service" = false;
    "xendomains.service" = true;
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
  changesXendomains = cfg.domus.guestsJson.value.configDir != "/etc/xen";
in
{
  guestsJsonPath = if managed then cfg.domus.guestsJson.path else "";
  guestsJson = if managed then cfg.domus.guestsJson.text else "";
  domusPackage = if managed then "${lib.getBin cfg.domus.package}" else "";
  xenPackage = if managed then "${lib.getBin cfg.package}" else "";
  activation = if managed then config.system.activationScripts.domus.text else "";
  units = if managed then lib.mapAttrs unit units else { };
  etc =
    if managed then
      {
        "domus/guests.json" = cfg.domus.guestsJson.text;
      }
      // lib.optionalAttrs changesXendomains {
        "default/xendomains" = config.environment.etc."default/xendomains".text;
      }
    else
      { };
  inherit (config) warnings;
  failedAssertions = map (entry: entry.message) (
    lib.filter (entry: !entry.assertion) config.assertions
  );
}
