# Services, and the text that NixOS writes of them.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) types;
  names = lib.mkOption {
    type = types.listOf types.str;
    default = [ ];
  };
  flag = lib.mkOption {
    type = types.bool;
    default = true;
  };
  # A setting may be given several times where it is a list.
  section = lib.mkOption {
    type = types.attrsOf types.anything;
    default = { };
  };

  lists = {
    Requires = "requires";
    Wants = "wants";
    After = "after";
    Before = "before";
    BindsTo = "bindsTo";
    PartOf = "partOf";
    Conflicts = "conflicts";
  };

  service = types.submodule (
    { config, name, ... }:
    {
      options = lib.genAttrs (lib.attrValues lists) (_: names) // {
        enable = flag;
        restartIfChanged = flag;
        stopIfChanged = flag;
        description = lib.mkOption {
          type = types.str;
          default = "";
        };
        wantedBy = names;
        requiredBy = names;
        unitConfig = section;
        serviceConfig = section;
        environment = section;
        preStart = lib.mkOption {
          type = types.lines;
          default = "";
        };
        path = lib.mkOption {
          type = types.listOf types.package;
          default = [ ];
        };
      };
      config = {
        path = lib.mkAfter [
          pkgs.coreutils
          pkgs.findutils
          pkgs.gnugrep
          pkgs.gnused
          pkgs.systemd
        ];
        environment.PATH = "${lib.makeBinPath config.path}:${lib.makeSearchPath "sbin" config.path}";
        unitConfig =
          lib.mapAttrs (_: option: toString config.${option}) (
            lib.filterAttrs (_: option: config.${option} != [ ]) lists
          )
          // lib.optionalAttrs (config.description != "") { Description = config.description; };
        serviceConfig = lib.optionalAttrs (config.preStart != "") {
          ExecStartPre = [
            "${pkgs.runCommand "unit-script-${name}-pre-start" { } config.preStart}/bin/${name}-pre-start"
          ];
        };
      };
    }
  );

  setting = value: if builtins.isBool value then lib.boolToString value else toString value;
  lines =
    attrs:
    lib.concatStrings (
      lib.concatLists (
        lib.mapAttrsToList (
          name: value: map (v: "${name}=${setting v}\n") (if builtins.isList value then value else [ value ])
        ) attrs
      )
    );
  text =
    service:
    "[Unit]\n"
    + lines service.unitConfig
    + "\n[Service]\n"
    + lib.concatStrings (
      lib.mapAttrsToList (
        name: value: "Environment=${builtins.toJSON "${name}=${value}"}\n"
      ) service.environment
    )
    + lib.optionalString (!service.restartIfChanged) "X-RestartIfChanged=false\n"
    + lib.optionalString (!service.stopIfChanged) "X-StopIfChanged=false\n"
    + lines service.serviceConfig
    + lib.optionalString (
      service.wantedBy != [ ]
    ) "\n[Install]\nWantedBy=${toString service.wantedBy}\n";
in
{
  options.systemd = {
    services = lib.mkOption {
      type = types.attrsOf service;
      default = { };
    };
    targets = lib.mkOption {
      type = types.attrsOf types.anything;
      default = { };
    };
    sysusers.enable = lib.mkEnableOption "users by systemd-sysusers";
    tmpfiles.rules = lib.mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    units = lib.mkOption {
      type = types.attrsOf types.raw;
      default = { };
    };
  };

  config.systemd.units =
    lib.mapAttrs' (
      name: service:
      lib.nameValuePair "${name}.service" {
        text = text service;
        inherit (service) wantedBy requiredBy;
      }
    ) config.systemd.services
    // lib.mapAttrs' (
      name: target:
      lib.nameValuePair "${name}.target" {
        text = "[Unit]\n" + lines (target.unitConfig or { }) + "\n";
        wantedBy = target.wantedBy or [ ];
        requiredBy = target.requiredBy or [ ];
      }
    ) config.systemd.targets;
}
