# Which type boots how: xl_parse.c, libxl_bootloader.c and libxl_create.c.
{
  lib,
  guests,
  option,
  ...
}:
let
  check =
    name: guest:
    let
      inherit (guest) type bootloader;
      of = option name;
      bootable = lib.filter (disk: !disk.cdrom) (lib.attrValues guest.disks);
      readsDisk = bootloader == "pygrub" || bootloader == "pvgrub";
    in
    [
      {
        assertion =
          guest.disks != { } || guest.kernel != null || (bootloader == "firmware" && guest.networks != { });
        message = ''
          Guest "${name}" has neither a disk nor a kernel: there is nothing to boot (its bootloader is "${bootloader}").
          Declare ${of "disks"}.<name>, or set ${of "kernel"}.
        '';
      }
      {
        assertion = (bootloader == "direct" && guest.disks != { }) -> guest.kernel != null;
        message = ''
          ${of "bootloader"} is "direct", and there is no kernel. Set ${of "kernel"}, for example to
          "''${config.boot.kernelPackages.kernel}/bzImage", or choose another bootloader.
        '';
      }
      {
        assertion = (readsDisk && guest.kernel != null) -> guest.disks != { };
        message = ''
          ${of "bootloader"} is "${bootloader}", which reads what to boot from the guest's first disk, and guest "${name}" has no disk.
          Declare ${of "disks"}.<name>, or set the bootloader to "direct".
        '';
      }
      {
        assertion = (readsDisk && guest.disks != { }) -> bootable != [ ];
        message = ''
          ${of "bootloader"} is "${bootloader}", which reads the kernel from a disk, and guest "${name}" has nothing but CD-ROMs.
          Declare the disk that holds /boot in ${of "disks"}, or remove cdrom = true from it.
        '';
      }
      {
        assertion = type == "hvm" -> !readsDisk;
        message = ''
          ${of "bootloader"} is "${bootloader}", which Xen ignores for an HVM guest. Set it to "firmware" (the guest's own
          boot loader runs, as on a machine), or set ${of "type"} to "pvh".
        '';
      }
      {
        assertion = bootloader == "firmware" -> type == "hvm";
        message = ''
          ${of "bootloader"} is "firmware", and a guest of type "${type}" has none. Set ${of "type"} to "hvm",
          or the bootloader to "pygrub", "pvgrub" or "direct".
        '';
      }
      {
        assertion = bootloader == "pygrub" || bootloader == "firmware" -> guest.kernel == null;
        message = ''
          ${of "kernel"} is set, and ${of "bootloader"} is "${bootloader}", which takes the kernel from the guest's disk.
          Remove the kernel, or set the bootloader to "direct".
        '';
      }
      {
        assertion = guest.initrd != null -> bootloader == "direct" && guest.kernel != null;
        message = ''
          ${of "initrd"} is set without a kernel that it belongs to (${of "bootloader"} is "${bootloader}").
          Set ${of "kernel"} and the bootloader "direct", or remove the initrd.
        '';
      }
      {
        assertion = guest.cmdline != null -> bootloader == "direct" && guest.kernel != null;
        message = ''
          ${of "cmdline"} is set without a kernel that it belongs to (${of "bootloader"} is "${bootloader}").
          Set ${of "kernel"} and the bootloader "direct", or write the command line into the guest's own configuration (boot.kernelParams).
        '';
      }
    ];
in
lib.concatLists (lib.mapAttrsToList check guests)
