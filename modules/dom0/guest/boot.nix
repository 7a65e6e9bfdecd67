# What a guest boots. Which combinations are legal is xl_parse.c's and
# libxl_bootloader.c's to say; ../assertions/boot.nix holds the table.
{ config, lib, ... }:
let
  types = import ../../types.nix { inherit lib; };
in
{
  options = {
    bootloader = lib.mkOption {
      type = lib.types.enum [
        "pygrub"
        "pvgrub"
        "direct"
        "firmware"
      ];
      default =
        if config.kernel != null then
          "direct"
        else if config.type == "hvm" then
          "firmware"
        else
          "pygrub";
      defaultText = lib.literalMD ''`"direct"` where `kernel` is set, `"firmware"` for HVM, else `"pygrub"`'';
      example = "pvgrub";
      description = ''
        What boots the guest.

        - `"pygrub"`: the Dom0 reads the guest's `grub.cfg` and takes kernel and initrd from its first disk. PV and PVH.
        - `"pvgrub"`: GRUB's own Xen image runs in the guest and reads its `grub.cfg`. PV and PVH.
        - `"direct"`: `kernel`, `initrd` and `cmdline` below, from the Dom0. All types.
        - `"firmware"`: SeaBIOS, or what `firmware.bios` names, boots from disk, CD or network. HVM.
      '';
    };

    kernel = lib.mkOption {
      type = lib.types.nullOr types.bootFile;
      default = null;
      example = lib.literalExpression ''"''${config.boot.kernelPackages.kernel}/bzImage"'';
      description = ''
        The kernel to boot with `"direct"`. With `"pvgrub"`, another GRUB image than nixpkgs'.
      '';
    };

    initrd = lib.mkOption {
      type = lib.types.nullOr types.bootFile;
      default = null;
      example = lib.literalExpression ''"''${guestSystem.config.system.build.initialRamdisk}/initrd"'';
      description = "The initrd to boot with `\"direct\"`.";
    };

    cmdline = lib.mkOption {
      type = lib.types.nullOr lib.types.singleLineStr;
      default = null;
      example = "root=/dev/xvda console=hvc0";
      description = "The kernel's command line. With `\"pygrub\"` and `\"pvgrub\"` the guest's `grub.cfg` has it instead.";
    };
  };
}
