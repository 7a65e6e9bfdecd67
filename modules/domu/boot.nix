# GRUB writes one grub.cfg that pygrub (in the Dom0) and GRUB's own Xen image
# (in the guest) both boot from.
{ config, lib, ... }:
let
  cfg = config.virtualisation.xenGuest;
  usesGrub = cfg.bootloader == "pygrub" || cfg.bootloader == "pvgrub";
in
{
  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      {
        # Without the first a guest does not find its root file system.
        boot.initrd.kernelModules = [
          "xen-blkfront"
          "xen-netfront"
        ];
        # A PV kernel takes the Xen console by itself, a PVH kernel does not.
        boot.kernelParams = [ "console=hvc0" ];
      }

      (lib.mkIf usesGrub {
        boot.loader.grub = {
          enable = true;
          # The loader comes from the Dom0; only its configuration is written here.
          device = "nodev";
          # Disks by the names that fileSystems gives them: pygrub cannot follow a `search` for a UUID.
          fsIdentifier = "provided";
          # Each generation keeps a kernel and an initrd in /boot, which may be small.
          configurationLimit = lib.mkDefault 3;
          # pygrub ignores `if` and takes every `set`: for it the first disk is the root. GRUB on Xen
          # has set its root, (xen/xvda), before it reads this file, and knows no (hd0).
          extraConfig = ''
            if [ "$grub_platform" != "xen" -a "$grub_platform" != "xen_pvh" ]; then
              set root=(hd0)
            fi
          '';
          # The Xen console is text. NixOS sets a picture with mkDefault, hence a step above it.
          splashImage = lib.mkOverride 900 null;
          font = lib.mkDefault null;
        };
      })

      (lib.mkIf (cfg.bootloader == "direct") {
        boot.loader.grub.enable = lib.mkDefault false;
      })
    ]
  );
}
