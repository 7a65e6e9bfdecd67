# PCI devices of the host that the guest gets.
{ lib, ... }:
let
  types = import ../../types.nix { inherit lib; };
  unset = import ./unset.nix { inherit lib; };

  # The same for one device, and as the default for all.
  flags = scope: {
    permissive = unset {
      type = lib.types.bool;
      example = true;
      description = ''
        Whether the guest may write all of the configuration space of ${scope}. Many devices work only so, and it gives the
        guest more power over the hardware: for guests that are trusted. xl's own choice is `false`.
      '';
    };

    msitranslate = unset {
      type = lib.types.bool;
      example = true;
      description = "Whether ${scope} uses MSI even where the guest asks for INTx. xl's own choice is `false`.";
    };

    seize = unset {
      type = lib.types.bool;
      example = true;
      description = ''
        Whether xl takes ${scope} from the Dom0's driver by itself when the guest starts, without asking, be it the disk
        controller that the Dom0 runs on. With `false`, which is xl's own choice, `xl pci-assignable-add` comes first.
      '';
    };

    powerManagement = unset {
      type = lib.types.bool;
      example = true;
      description = "Whether an HVM guest may put ${scope} into the power states D0 to D3hot. xl's own choice is `false`.";
    };
  };

  rdmPolicies = lib.types.enum [
    "strict"
    "relaxed"
  ];

  device = lib.types.submodule {
    options = flags "the device" // {
      bdf = unset {
        type = types.bdf;
        example = "0000:03:00.0";
        description = ''
          The device, as `lspci -D` shows it: domain (0000 when left out), bus, device and function, in hexadecimal. `*` in
          place of the function means all of the device's functions.
        '';
      };

      assignableName = unset {
        type = types.word;
        example = "nic1";
        description = "In place of `bdf`, the name that `xl pci-assignable-add -n` gave to the device.";
      };

      order = unset {
        type = lib.types.ints.between 0 255;
        example = 0;
        description = ''
          The device's position: it decides the slot in which the guest finds a device without `vslot`. With more than one
          device each needs this or `vslot`.
        '';
      };

      vslot = unset {
        type = lib.types.ints.between 0 31;
        example = 8;
        description = "The number of the slot, in decimal, in which the guest finds the device: 8 is `00:08.0` there.";
      };

      rdmPolicy = unset {
        type = rdmPolicies;
        example = "relaxed";
        description = ''
          What happens where memory that the device reserves in the host collides with that of an HVM guest: the guest is not
          created (`"strict"`), or it is, and crashes if the device's driver reaches there (`"relaxed"`). xl's own choice
          is `"strict"`.
        '';
      };
    };
  };
in
{
  options.pci = flags "every device that does not say it itself" // {
    devices = lib.mkOption {
      type = lib.types.attrsOf device;
      default = { };
      example = lib.literalExpression ''{ nic = { bdf = "03:00.0"; permissive = true; }; }'';
      description = ''
        PCI devices of the host for the guest, by a name of your own. For PV and HVM, on a host with an IOMMU.
      '';
    };

    passthrough = unset {
      type = lib.types.enum [
        "disabled"
        "enabled"
        "sync_pt"
        "share_pt"
      ];
      example = "enabled";
      description = ''
        Whether, and how, the IOMMU maps the guest's memory. `null` is `"enabled"` for a guest with devices and `"disabled"`
        for others; set it to attach devices later. `"enabled"` chooses between its own tables, kept in step
        (`"sync_pt"`), and the guest's (`"share_pt"`, not for PV).
      '';
    };

    gfxPassthru = unset {
      type = lib.types.either lib.types.bool (
        lib.types.enum [
          "default"
          "igd"
        ]
      );
      example = "igd";
      description = ''
        Whether one of the devices is the primary graphics card of an HVM guest: `true` and `"default"` find out of what
        kind it is, `"igd"` says Intel's. VNC then shows nothing.
      '';
    };

    e820Host = unset {
      type = lib.types.bool;
      example = true;
      description = ''
        Whether a PV guest sees the host's memory map, with its holes for devices. With a device declared it always does; set
        it to attach devices later.
      '';
    };

    rdm = {
      strategy = unset {
        type = lib.types.enum [ "host" ];
        example = "host";
        description = ''
          `"host"` reserves, in an HVM guest, all memory that any device of the host reserves, and not only that of the
          guest's own devices. It goes with `pci.rdm.policy`. No released xl acts on it (its reader takes a valid policy for
          an error): `pci.devices.<name>.rdmPolicy` is what works.
        '';
      };

      policy = unset {
        type = rdmPolicies;
        example = "relaxed";
        description = "As `pci.devices.<name>.rdmPolicy`, for all memory that `pci.rdm.strategy` reserves.";
      };

      memBoundary = unset {
        type = lib.types.ints.positive;
        example = 2048;
        description = ''
          What happens where memory that a device reserves in the host collides with an HVM guest's memory below 4 GiB. If
          it begins above this address (in MiB), the guest's memory ends in front of it, and the rest of the guest's memory
          moves above 4 GiB. If it begins at this address or below, `pci.devices.<name>.rdmPolicy` decides. xl's own choice
          is 2048.
        '';
      };
    };
  };
}
