# system, environment, assertions and file systems.
{ lib, ... }:
let
  inherit (lib) types;
  activationScript = types.submodule {
    options = {
      deps = lib.mkOption {
        type = types.listOf types.str;
        default = [ ];
      };
      text = lib.mkOption { type = types.lines; };
      supportsDryActivation = lib.mkOption {
        type = types.bool;
        default = false;
      };
    };
  };
  etcFile = types.submodule {
    options = {
      text = lib.mkOption {
        type = types.nullOr types.lines;
        default = null;
      };
      source = lib.mkOption { type = types.path; };
    };
  };
  fileSystem = types.submodule (
    { config, name, ... }:
    {
      options = {
        mountPoint = lib.mkOption {
          type = types.str;
          default = name;
        };
        device = lib.mkOption {
          type = types.nullOr types.str;
          default = if config.label == null then null else "/dev/disk/by-label/${config.label}";
        };
        label = lib.mkOption {
          type = types.nullOr types.str;
          default = null;
        };
        fsType = lib.mkOption {
          type = types.str;
          default = "auto";
        };
        options = lib.mkOption {
          type = types.listOf types.str;
          default = [ "defaults" ];
        };
        neededForBoot = lib.mkOption {
          type = types.bool;
          default = false;
        };
      };
    }
  );
in
{
  options = {
    assertions = lib.mkOption {
      type = types.listOf types.raw;
      default = [ ];
    };
    warnings = lib.mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    fileSystems = lib.mkOption {
      type = types.attrsOf fileSystem;
      default = { };
    };
    environment = {
      etc = lib.mkOption {
        type = types.attrsOf etcFile;
        default = { };
      };
      systemPackages = lib.mkOption {
        type = types.listOf types.package;
        default = [ ];
      };
    };
    system = {
      stateVersion = lib.mkOption {
        type = types.str;
        default = "26.05";
      };
      checks = lib.mkOption {
        type = types.listOf types.package;
        default = [ ];
      };
      activationScripts = lib.mkOption {
        type = types.attrsOf activationScript;
        default = { };
      };
      etc.overlay = {
        enable = lib.mkEnableOption "/etc as an overlay";
        mutable = lib.mkOption {
          type = types.bool;
          default = true;
        };
      };
    };
    nixpkgs = lib.mkOption {
      type = types.attrsOf types.anything;
      default = { };
    };
  };
}
