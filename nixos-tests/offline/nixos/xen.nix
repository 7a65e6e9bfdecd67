# What Domus uses of nixpkgs' Xen module, as of NixOS 24.11: options, its assertions about
# booting, and what it declares of xendomains, whose unit is in the xen package.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) types;
  cfg = config.virtualisation.xen;
  package =
    default:
    lib.mkOption {
      type = types.package;
      inherit default;
    };
  count = lib.mkOption {
    type = types.ints.unsigned;
    default = 0;
  };
in
{
  options.virtualisation = {
    libvirtd.enable = lib.mkEnableOption "libvirtd";
    xen = {
      enable = lib.mkEnableOption "Xen";
      package = package pkgs.xen;
      qemu.package = package pkgs.qemu_xen;
      bootParams = lib.mkOption {
        type = types.listOf types.str;
        default = [ ];
      };
      dom0Resources = {
        memory = count;
        maxVCPUs = count;
        maxMemory = lib.mkOption {
          type = types.ints.unsigned;
          default = cfg.dom0Resources.memory;
        };
      };
      domains.extraConfig = lib.mkOption {
        type = types.lines;
        default = "";
      };
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = config.boot.loader.systemd-boot.enable;
        message = "Xen only supports booting on systemd-boot or Lanzaboote.";
      }
      {
        assertion = config.boot.initrd.systemd.enable;
        message = "Xen does not support the legacy script-based Stage 1 initrd.";
      }
    ];

    environment.etc."default/xencommons".text = ''
      source ${cfg.package}/etc/default/xencommons
    '';
    environment.etc."default/xendomains".text = ''
      source ${cfg.package}/etc/default/xendomains

      ${cfg.domains.extraConfig}
    '';

    systemd.services.xenconsoled.wantedBy = [ "multi-user.target" ];
    systemd.services.xendomains = {
      restartIfChanged = false;
      path = [
        cfg.package
        cfg.qemu.package
      ];
      preStart = "mkdir -p /var/lock/subsys -m 755";
      wantedBy = [ "multi-user.target" ];
    };
  };
}
