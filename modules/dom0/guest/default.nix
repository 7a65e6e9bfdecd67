# The type of one entry of `virtualisation.xen.guests`.
{ lib, seed }:
let
  identity = import ../identity.nix { inherit lib; };
  types = import ../../types.nix { inherit lib; };
  # A guest that was renamed stays the same.
  origin = name: guest: lib.head (guest.previousNames ++ [ name ]);
in
lib.types.submodule (
  { config, name, ... }:
  {
    imports = [
      ./boot.nix
      ./firmware.nix
      ./resources.nix
      ./cpu.nix
      ./vnuma.nix
      ./time.nix
      ./viridian.nix
      ./pci.nix
      ./usb.nix
      ./graphics.nix
      ./shares.nix
      ./device-model.nix
      ./pv-shim.nix
      ./autostart.nix
      ./lifecycle.nix
    ];

    options = {
      enable = lib.mkOption {
        type = lib.types.bool;
        default = true;
        example = false;
        description = ''
          Whether this guest is there. `false` is the same as taking the declaration away, and keeps it:
          the guest is shut down, its disks stay.
        '';
      };

      type = lib.mkOption {
        type = lib.types.enum [
          "pv"
          "pvh"
          "hvm"
        ];
        default = "pv";
        example = "pvh";
        description = ''
          How Xen runs the guest: paravirtualised (`"pv"`, xl's own default, needs nothing of the processor),
          with hardware virtualisation and no emulated machine (`"pvh"`, for Linux), or as a whole emulated
          machine (`"hvm"`, for anything).
        '';
      };

      uuid = lib.mkOption {
        type = types.uuid;
        default = identity.uuid seed (origin name config);
        defaultText = lib.literalMD "derived from `virtualisation.xen.domus.seed` and the guest's name, or the first of its `previousNames`";
        example = "3f0e5c1a-7d3b-8c55-9a6e-2f0b6a1d4e77";
        description = "What the guest is known by to Xen and to Domus, whatever it is called.";
      };

      disks = lib.mkOption {
        type = lib.types.attrsOf (
          import ./disk.nix {
            inherit lib;
            guest = config;
          }
        );
        default = { };
        example = lib.literalExpression ''
          {
            boot = { path = "/dev/vg0/web-boot"; order = 0; };
            root = { path = "/vmdisks/web-root.img"; size = "8GiB"; order = 1; };
          }
        '';
        description = "The guest's disks, by a name of your own. The first in order is the one that boots.";
      };

      networks = lib.mkOption {
        type = lib.types.attrsOf (
          import ./network.nix {
            inherit lib seed;
            guest = origin name config;
          }
        );
        default = { };
        example = lib.literalExpression ''{ lan.bridge = "xenbr0"; }'';
        description = "The guest's network interfaces, by a name of your own.";
      };

      settings = lib.mkOption {
        type = lib.types.attrsOf types.xlValue;
        default = { };
        example = lib.literalExpression "{ max_event_channels = 4096; oos = false; }";
        description = ''
          Any other keys of xl.cfg(5). What has an option of its own here is set by that option.
          Everything is checked when the system is built: xl itself ignores a key that it does not know.
        '';
      };
    };
  }
)
