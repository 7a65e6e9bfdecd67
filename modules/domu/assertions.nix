# What would leave the guest unbootable, said before it is built.
{ config, lib, ... }:
let
  cfg = config.virtualisation.xenGuest;

  holder = if config.fileSystems ? "/boot" then "/boot" else "/";
  fileSystem = config.fileSystems.${holder} or null;
  device = if fileSystem == null then null else fileSystem.device;
  option = if holder == "/" then "root" else "boot";
  namedByVdev = device != null && builtins.match "/dev/(xvd|sd|hd)[a-z]+[0-9]*" device != null;
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
        assertion = cfg.boot.vdev == null || cfg.boot.vdev != cfg.root.vdev;
        message = ''
          virtualisation.xenGuest.boot.vdev and virtualisation.xenGuest.root.vdev are both "${toString cfg.boot.vdev}".
          Give each its own disk, or leave boot.vdev out: /boot is then a folder of the root disk.
        '';
      }
    ];
  };
}
