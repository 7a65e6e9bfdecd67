# The interface: `virtualisation.xenGuest`.
{ lib, ... }:
let
  types = import ../types.nix { inherit lib; };
  loaders = [
    "pygrub"
    "pvgrub"
    "direct"
    "firmware"
  ];

  diskOptions = mountPoint: {
    vdev = lib.mkOption {
      type = lib.types.nullOr types.vdev;
      default = null;
      example = "xvda";
      description = ''
        The disk that holds ${mountPoint}, by the name that the Dom0 gives it (`disks.<name>.vdev`).
        GRUB's configuration then names it so too, which pygrub and GRUB's own Xen image both read.
        `null` leaves `fileSystems."${mountPoint}"` to you.
      '';
    };
    fsType = lib.mkOption {
      type = lib.types.str;
      default = "ext4";
      example = "ext3";
      description = "The file system of the disk that holds ${mountPoint}.";
    };
  };
in
{
  options.virtualisation.xenGuest = {
    enable = lib.mkEnableOption "booting this system as a guest (domU) of Xen";

    bootloader = lib.mkOption {
      type = lib.types.enum loaders;
      default = "pygrub";
      example = "direct";
      description = ''
        What the Dom0 boots this guest with; the same word as `virtualisation.xen.guests.<name>.bootloader` there.

        With `"pygrub"` and `"pvgrub"` this system writes a `grub.cfg` that both read, keeps its own kernels and
        may be rolled back from the menu. With `"direct"` kernel and initrd come from the Dom0, and no loader is
        installed here. With `"firmware"` (HVM) the loader is what you choose in `boot.loader`.
      '';
    };

    root = diskOptions "/";
    boot = diskOptions "/boot";

    login = lib.mkOption {
      type = lib.types.bool;
      default = true;
      example = false;
      description = "Whether to offer a login on the Xen console (`xl console`, in the guest `/dev/hvc0`).";
    };
  };
}
