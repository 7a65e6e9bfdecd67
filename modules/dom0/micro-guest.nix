# A guest of a few MiB: one initrd, with busybox and the front ends of Xen's devices.
{
  lib,
  makeInitrdNG,
  makeModulesClosure,
  pkgsStatic,
  kernel,
}:
let
  modules = makeModulesClosure {
    inherit kernel;
    firmware = kernel;
    allowMissing = true;
    rootModules = [
      "xen-blkfront"
      "xen-netfront"
      "ext4"
    ];
  };
in
makeInitrdNG {
  name = "micro-guest";
  contents = [
    {
      source = ../../nixos-tests/micro-guest/init;
      target = "/init";
    }
    {
      source = lib.getExe' pkgsStatic.busybox "busybox";
      target = "/bin/busybox";
    }
    {
      source = "${modules}/lib/modules";
      target = "/lib/modules";
    }
  ];
}
