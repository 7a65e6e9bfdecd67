# The kernel, the initrd and the boot loaders.
{ lib, pkgs, ... }:
let
  inherit (lib) types;
  strings = lib.mkOption {
    type = types.listOf types.str;
    default = [ ];
  };
in
{
  options.boot = {
    kernelPackages = lib.mkOption {
      type = types.raw;
      default = pkgs.linuxPackages;
    };
    kernelParams = strings;
    kernelModules = strings;
    initrd = {
      kernelModules = strings;
      availableKernelModules = strings;
      systemd.enable = lib.mkEnableOption "systemd in the initrd";
    };
    loader = {
      systemd-boot.enable = lib.mkEnableOption "systemd-boot";
      efi = lib.mkOption {
        type = types.attrsOf types.anything;
        default = { };
      };
      grub = {
        enable = lib.mkEnableOption "GRUB";
        device = lib.mkOption {
          type = types.str;
          default = "";
        };
        fsIdentifier = lib.mkOption {
          type = types.enum [
            "uuid"
            "label"
            "provided"
          ];
          default = "uuid";
        };
        configurationLimit = lib.mkOption {
          type = types.int;
          default = 100;
        };
        extraConfig = lib.mkOption {
          type = types.lines;
          default = "";
        };
        splashImage = lib.mkOption {
          type = types.nullOr types.path;
          default = null;
        };
        font = lib.mkOption {
          type = types.nullOr types.path;
          default = "${pkgs.grub2}/share/grub/unicode.pf2";
        };
      };
    };
  };
}
