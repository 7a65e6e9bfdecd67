# A guest of a few MiB: one initrd, with busybox and the front ends of Xen's devices.
# nixos-tests/micro-guest/README.md says what goes where.
{
  lib,
  makeInitrdNG,
  makeModulesClosure,
  pkgsStatic,
  runCommand,
  xz,
  zstd,
  kernel,
}:
let
  scripts = ../../nixos-tests/micro-guest;

  modules = runCommand "micro-guest-modules" {
    closure = makeModulesClosure {
      # Newer nixpkgs keep modules in an output of their own; of a package without one this is the package.
      kernel = lib.getOutput "modules" kernel;
      firmware = kernel;
      rootModules = [
        "xen-blkfront"
        "xen-netfront"
        "ext4"
      ];
    };
    nativeBuildInputs = [
      xz
      zstd
    ];
  } (builtins.readFile ./micro-guest-modules.sh);

  file = source: target: { inherit source target; };
in
makeInitrdNG {
  name = "micro-guest";
  # Kernel modules lose what they need when they are stripped.
  strip = false;
  contents = [
    (file "${scripts}/init" "/init")
    (file "${scripts}/system" "/system")
    (file "${scripts}/poweroff" "/sbin/poweroff")
    (file "${scripts}/poweroff" "/sbin/reboot")
    (file (lib.getExe' pkgsStatic.busybox "busybox") "/bin/busybox")
    (file "${modules}" "/modules")
  ];
}
