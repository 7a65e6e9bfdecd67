# What would leave the guest unbootable, said before it is built.
{ config, lib, ... }:
let
  cfg = config.virtualisation.xenGuest;

  holder = if config.fileSystems ? "/boot" then "/boot" else "/";
  fileSystem = config.fileSystems.${holder} or null;
  device = if fileSystem == null then null else fileSystem.device;
  option = if holder == "/" then "root" else "boot";
  partsOf = name: builtins.match "/dev/((xvd|sd|hd)[a-z]+)([0-9]*)" name;
  namedByVdev = device != null && partsOf device != null;

  # The order that the Dom0 gives disks in: xvda, xvda2, xvda10, xvdb, xvdaa.
  rank =
    name:
    let
      parts = partsOf name;
      byLength = text: "${toString (lib.stringLength text)}${text}";
    in
    "${byLength (lib.head parts)} ${byLength (lib.last parts)}";
  # The mount points whose disks stand before the one that holds the kernels.
  earlier = lib.filter (
    point:
    let
      other = config.fileSystems.${point}.device;
    in
    other != null && partsOf other != null && rank other < rank device
  ) (lib.attrNames config.fileSystems);
  # The option that says where a mount point's disk is.
  optionOf =
    point:
    if point == "/boot" && cfg.boot.vdev != null then
      "virtualisation.xenGuest.boot.vdev"
    else if point == "/" && cfg.root.vdev != null then
      "virtualisation.xenGuest.root.vdev"
    else
      "fileSystems.\"${point}\".device";
in
{
  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.bootloader != "pygrub" || namedByVdev;
        message = ''
          virtualisation.xenGuest.bootloader is "pygrub", and ${holder}, which holds the kernels, is on
          ${
            if device == null then "a device that is not named" else device
          }: GRUB's configuration would search for it, and pygrub cannot search.
          Name the disk as the Dom0 does, for example:  virtualisation.xenGuest.${option}.vdev = "xvda";
          and remove fileSystems."${holder}".device.
        '';
      }
      {
        assertion = cfg.bootloader != "pygrub" || !namedByVdev || earlier == [ ];
        message = ''
          virtualisation.xenGuest.bootloader is "pygrub", which looks for the kernels on the guest's first disk. ${optionOf holder}
          is ${toString device}, and ${
            lib.concatMapStringsSep ", " (
              point: "${optionOf point} (${config.fileSystems.${point}.device})"
            ) earlier
          } comes before it. Exchange them, here and in the Dom0 (order, or vdev, of the guest's disks).
        '';
      }
      {
        assertion = cfg.boot.vdev == null || cfg.boot.vdev != cfg.root.vdev;
        message = ''
          virtualisation.xenGuest.boot.vdev and virtualisation.xenGuest.root.vdev are both "${toString cfg.boot.vdev}".
          Give each its own disk, or leave boot.vdev out: /boot is then a folder of the root disk.
        '';
      }
    ];
  };
}
