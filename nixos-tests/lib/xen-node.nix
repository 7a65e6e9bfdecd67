# A test node that runs on Xen. QEMU loads Xen itself by multiboot, with Dom0's kernel and
# initrd as modules: no firmware, no boot loader, no disk image, and no KVM.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (config.virtualisation) xen;
  # QEMU's multiboot loader takes no compressed file.
  hypervisor = pkgs.runCommand "xen-uncompressed" { } ''
    gzip --decompress --force --stdout <${
      xen.boot.bios.path or "${xen.package.boot}/${xen.package.multiboot}"
    } >$out
  '';
  # A comma ends a module for QEMU, and stands doubled.
  escape = lib.replaceStrings [ "," ] [ ",," ];
  kernelParams = config.boot.kernelParams ++ [
    "init=${config.system.build.toplevel}/init"
    "console=hvc0"
  ];
  kernel = "${config.system.build.kernel}/${config.system.boot.loader.kernelFile}";
  initrd = "${config.system.build.initialRamdisk}/${config.system.boot.loader.initrdFile}";
in
{
  # The machine is QEMU's, not the template's.
  disabledModules = [ ../../templates/dom0/hardware-configuration.nix ];
  boot.loader.systemd-boot.enable = true;
  boot.initrd.systemd.enable = true;

  virtualisation = {
    cores = 2;
    memorySize = 4096;
    directBoot.enable = false;
    qemu.options = [
      "-kernel ${hypervisor}"
      "-append ${lib.escapeShellArg "console=com1 com1=115200,8n1 dom0_mem=2048M,max:2048M"}"
      "-initrd ${lib.escapeShellArg "${kernel} ${escape (toString kernelParams)},${initrd}"}"
      # Emulated everywhere, so that the test is one and the same: AMD's nested paging, which PVH guests
      # need, is not to be had from KVM on Intel. Without KVM a PV Dom0 crashes with SMAP, which this processor
      # lacks. NixOS's own -enable-kvm and -cpu stand before these, and QEMU takes the last.
      "-machine accel=tcg"
      "-cpu qemu64,+svm,+npt"
    ];
  };

  # Xen has the serial port, and its console is hvc0; the driver's own is then hvc1.
  systemd.services = {
    backdoor = {
      requires = lib.mkForce [ "dev-hvc1.device" ];
      after = lib.mkForce [ "dev-hvc1.device" ];
      script = lib.mkForce (builtins.readFile ./backdoor.sh);
    };
    "serial-getty@hvc1".enable = false;
  };
  services.journald.extraConfig = lib.mkForce ''
    ForwardToConsole=yes
    TTYPath=/dev/hvc0
    MaxLevelConsole=debug
  '';
}
