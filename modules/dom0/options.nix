# The interface: `virtualisation.xen.guests`, `.bridges` and `.domus`.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  types = import ../types.nix { inherit lib; };
  cfg = config.virtualisation.xen;
in
{
  options.virtualisation.xen = {
    guests = lib.mkOption {
      type = lib.types.attrsOf (
        import ./guest {
          inherit lib;
          inherit (cfg.domus) seed;
        }
      );
      default = { };
      example = lib.literalExpression ''
        {
          web = {
            memory = 1024;
            bootloader = "pvgrub";
            disks.root = {
              path = "/vmdisks/web-root.img";
              size = "8GiB";
              filesystem.label = "nixos";
            };
            networks.lan = { };
          };
        }
      '';
      description = ''
        Guests (domUs) of this Dom0, by name. At every switch each is brought to what is declared here;
        disks are only ever created, never overwritten, and a running guest is not restarted.
      '';
    };

    bridges = lib.mkOption {
      type = lib.types.attrsOf (import ./bridge.nix { inherit lib; });
      default = { };
      example = lib.literalExpression ''{ xenbr0.address = "10.10.0.1/24"; }'';
      description = ''
        Bridges that Domus makes at every boot before any guest is started or restored, and never removes
        from under one. Bridges that something else makes (`networking.bridges`, networkd, Open vSwitch)
        need not be here.
      '';
    };

    autostartManager = lib.mkOption {
      type = lib.types.enum [
        "xendomains"
        "domus"
      ];
      default = "xendomains";
      example = "domus";
      description = ''
        Who starts the guests with `autostart` when the host boots, restores those that were saved, and saves guests when it
        goes down. `"xendomains"` is Xen's own script: by name, one after the other. `"domus"` starts them in
        their order (`autostart.order`, `autostart.after`), each when those before it are ready, as many at once as memory is free for.
        A switch from one to the other starts, stops and saves no guest; the host's next boot is by the new one.
        Guests that are not declared here are xendomains' affair: with `"domus"` they are shut down with the host, and neither
        restored nor started again; `domus status` names those that are in `/etc/xen/auto` or in the save folder.
      '';
    };

    hostMemory = lib.mkOption {
      type = lib.types.nullOr lib.types.ints.positive;
      default = null;
      example = 32768;
      description = ''
        How much memory the host has, in MiB: `total_memory` of `xl info`. Where it is set, an evaluation warns when the guests
        that start with the host, and the Dom0, need more. `null` checks nothing.
      '';
    };

    domus = {
      enable = lib.mkOption {
        type = lib.types.bool;
        default = cfg.enable;
        defaultText = lib.literalExpression "config.virtualisation.xen.enable";
        example = false;
        description = ''
          Whether Domus manages guests on this Dom0. Turning it off leaves running guests, their disks
          and their configurations as they are.
        '';
      };

      package = lib.mkOption {
        type = lib.types.package;
        default = pkgs.domus or (pkgs.callPackage ../../crates/domus/package.nix { });
        defaultText = lib.literalExpression "pkgs.domus";
        example = lib.literalExpression "inputs.domus.packages.x86_64-linux.domus";
        description = "The package that holds the `domus` program.";
      };

      seed = lib.mkOption {
        type = lib.types.singleLineStr;
        default = config.networking.hostName;
        defaultText = lib.literalExpression "config.networking.hostName";
        example = "rack-3-left";
        description = ''
          What UUIDs and MAC addresses that are not set are derived from, with the guest's name.
          Two hosts on one network need different seeds.
        '';
      };

      consoleLogs = {
        enable = lib.mkOption {
          type = lib.types.bool;
          default = true;
          example = false;
          description = ''
            Whether what guests say on their consoles is kept, from its first line, in `/var/log/xen/console/guest-NAME.log`, which
            only root can read; `domus logs NAME` shows it. That is the console of Xen (`hvc0`): the emulated serial port of an
            HVM guest is not in it. xenconsoled writes it, which is never restarted by a switch: turning
            this on or off has effect when the host boots.
          '';
        };

        maxSize = lib.mkOption {
          type = lib.types.ints.positive;
          default = 10;
          example = 100;
          description = ''
            The size in MiB above which logrotate, which looks every hour, puts a log aside. xenconsoled reads at most some
            300 KiB a second of a guest.
          '';
        };

        keep = lib.mkOption {
          type = lib.types.ints.between 1 1000;
          default = 5;
          example = 20;
          description = "How many logs that were put aside are kept of each guest; older ones are deleted.";
        };
      };

      grubImages = {
        pv = lib.mkOption {
          type = types.bootFile;
          default = "${pkgs.grub2_pvgrub_image}/lib/grub-xen/grub-x86_64-xen.bin";
          defaultText = lib.literalExpression ''"''${pkgs.grub2_pvgrub_image}/lib/grub-xen/grub-x86_64-xen.bin"'';
          example = "/var/lib/grub/grub-x86_64-xen.bin";
          description = "GRUB's Xen image that PV guests with `bootloader = \"pvgrub\"` run.";
        };
        pvh = lib.mkOption {
          type = types.bootFile;
          default = "${pkgs.grub2_pvhgrub_image}/lib/grub-xen_pvh/grub-i386-xen_pvh.bin";
          defaultText = lib.literalExpression ''"''${pkgs.grub2_pvhgrub_image}/lib/grub-xen_pvh/grub-i386-xen_pvh.bin"'';
          example = "/var/lib/grub/grub-i386-xen_pvh.bin";
          description = "GRUB's Xen image that PVH guests with `bootloader = \"pvgrub\"` run.";
        };
      };

      microGuest = lib.mkOption {
        type = lib.types.package;
        default = pkgs.callPackage ./micro-guest.nix {
          inherit (config.boot.kernelPackages) kernel;
        };
        defaultText = lib.literalMD "an initrd for this Dom0's own kernel";
        readOnly = true;
        example = lib.literalExpression ''
          {
            virtualisation.xen.guests.hello = {
              kernel = "''${config.boot.kernelPackages.kernel}/bzImage";
              initrd = "''${config.virtualisation.xen.domus.microGuest}/initrd";
            };
          }
        '';
        description = ''
          A Linux of a few MiB, to try out Xen with: boot its `initrd` with this Dom0's kernel. It says on its console
          what memory, disks and addresses it sees.
        '';
      };

      guestsJson = lib.mkOption {
        type = lib.types.submodule {
          options = {
            value = lib.mkOption {
              internal = true;
              type = lib.types.raw;
              description = "The document as a Nix value.";
            };
            text = lib.mkOption {
              internal = true;
              type = lib.types.str;
              description = "The document's text.";
            };
            path = lib.mkOption {
              internal = true;
              type = lib.types.path;
              description = "The document in the store.";
            };
          };
        };
        internal = true;
        readOnly = true;
        description = "guests.json, which tells the `domus` program what is declared.";
      };
    };
  };
}
