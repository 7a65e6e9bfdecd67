# What an HVM guest's emulated machine starts with.
{ lib, ... }:
let
  types = import ../../types.nix { inherit lib; };
  unset = import ./unset.nix { inherit lib; };
in
{
  options.firmware = {
    bios = unset {
      type = lib.types.enum [
        "seabios"
        "ovmf"
        "rombios"
      ];
      example = "ovmf";
      description = ''
        The firmware of an HVM guest: SeaBIOS, a BIOS, which `null` means; OVMF, for UEFI; or ROMBIOS, which only the old
        device model `qemu-xen-traditional` runs.
      '';
    };

    biosPath = unset {
      type = types.bootFile;
      example = lib.literalExpression ''"''${pkgs.OVMF.fd}/FV/OVMF.fd"'';
      description = "The file of that firmware, in place of the one that comes with Xen. It goes with `firmware.bios`.";
    };

    hvmloader = unset {
      type = types.bootFile;
      example = "/srv/xen/hvmloader";
      description = "Xen's first-stage firmware, which loads the other, in place of the one that comes with Xen.";
    };

    bootOrder = lib.mkOption {
      type = lib.types.listOf (
        lib.types.enum [
          "disk"
          "cdrom"
          "network"
        ]
      );
      default = [ ];
      example = [
        "cdrom"
        "disk"
      ];
      description = "From what an HVM guest tries to boot, in this order. Empty is xl's own choice: disk, then CD-ROM.";
    };

    hdType = unset {
      type = lib.types.enum [
        "ide"
        "ahci"
      ];
      example = "ahci";
      description = ''
        The emulated controller of an HVM guest's disks until it has drivers for Xen's own: IDE, which `null` means, or AHCI,
        which is faster.
      '';
    };

    acpi = unset {
      type = lib.types.bool;
      example = false;
      description = "Whether a PVH or HVM guest has ACPI tables. xl's own choice is `true`.";
    };

    acpiTables = unset {
      type = types.bootFile;
      example = "/srv/xen/slic.aml";
      description = "A file with further ACPI tables for an HVM guest, in their binary form, one after another.";
    };

    smbiosTables = unset {
      type = types.bootFile;
      example = "/srv/xen/smbios.bin";
      description = "A file with SMBIOS structures for an HVM guest, each after its length in 32 bits.";
    };

    smbios = lib.mkOption {
      type = lib.types.attrsOf types.argument;
      default = { };
      example = {
        system_manufacturer = "Example Ltd";
        system_serial_number = "42";
      };
      description = ''
        What an HVM guest reads of its machine's maker, by xl.cfg(5)'s names for it (Xen 4.18 or newer).
      '';
    };

    oemStrings = lib.mkOption {
      type = lib.types.listOf types.argument;
      default = [ ];
      example = [ "rack 3" ];
      description = "SMBIOS's OEM strings of an HVM guest, at most 99 (Xen 4.18 or newer).";
    };
  };
}
