# The QEMU that emulates the guest's machine or serves its devices.
{ lib, ... }:
let
  types = import ../../types.nix { inherit lib; };
  unset = import ./unset.nix { inherit lib; };
  arguments =
    guests:
    lib.mkOption {
      type = lib.types.listOf types.argument;
      default = [ ];
      example = [
        "-device"
        "virtio-rng-pci"
      ];
      description = "Further arguments for QEMU, one a string, for ${guests}.";
    };
in
{
  options.deviceModel = {
    version = unset {
      type = lib.types.enum [
        "qemu-xen"
        "qemu-xen-traditional"
      ];
      example = "qemu-xen";
      description = ''
        Which device model the guest has: QEMU as it is today, which `null` means, or Xen's fork of old
        (`"qemu-xen-traditional"`), which few builds of Xen still have, and no newer one.
      '';
    };

    override = unset {
      type = types.bootFile;
      example = lib.literalExpression ''"''${pkgs.qemu_xen}/bin/qemu-system-i386"'';
      description = "The program to run in place of the device model that comes with Xen. It goes with `deviceModel.version`.";
    };

    args = arguments "guests of every type";
    argsPv = arguments "PV and PVH guests, where they have a QEMU";
    argsHvm = arguments "HVM guests";

    restrict = unset {
      type = lib.types.bool;
      example = true;
      description = ''
        Whether the guest's QEMU gives up what it does not need once the guest runs, so that whoever breaks into it has less.
        xl.cfg(5) calls it a technology preview. It needs `deviceModel.user`, or a user `xen-qemuuser-range-base` of the Dom0.
      '';
    };

    user = unset {
      type = types.word;
      example = "qemu-web";
      description = ''
        The user of the Dom0 that the restricted QEMU runs as. No other guest, and nothing else, may have the same.
      '';
    };

    stubdomain = {
      enable = unset {
        type = lib.types.bool;
        example = true;
        description = "Whether the QEMU of an HVM guest runs in a small domain of its own in place of the Dom0.";
      };

      kernel = unset {
        type = types.bootFile;
        example = "/srv/xen/qemu-stubdom-linux-kernel";
        description = "The kernel of that domain, in place of the one that comes with Xen.";
      };

      ramdisk = unset {
        type = types.bootFile;
        example = "/srv/xen/qemu-stubdom-linux-rootfs";
        description = "The initial RAM disk of that domain, in place of the one that comes with Xen.";
      };

      cmdline = unset {
        type = types.argument;
        example = "console=hvc0";
        description = "The command line of that domain's kernel.";
      };

      memory = unset {
        type = lib.types.ints.positive;
        example = 256;
        description = ''
          That domain's memory in MiB. xl's own choice is 128 for a domain that runs Linux, which it is with `"qemu-xen"`, and
          28 for one that runs MiniOS (`"qemu-xen-traditional"`).
        '';
      };
    };
  };
}
