# A Dom0 with three guests. `nixos-rebuild switch` creates their disks, starts them
# and, from then on, brings them to what stands here.
{ config, ... }:
{
  imports = [ ./hardware-configuration.nix ];

  networking.hostName = "dom0";
  system.stateVersion = "26.05";

  virtualisation.xen = {
    enable = true;
    dom0Resources.memory = 1024; # MiB; the rest is the guests'

    # A network of the guests and the Dom0. With `uplink = "enp3s0";` they are on the host's own.
    bridges.xenbr0.address = "10.10.0.1/24";

    guests = {
      # As in the NixOS wiki: GRUB's Xen image boots what is on the guest's one disk.
      mrkitty = {
        memory = 256; # MiB, and while it runs up to:
        maxMemory = 512;
        bootloader = "pvgrub";
        disks.root = {
          path = "/vmdisks/mrkitty-root.img";
          size = "1GiB"; # sparse: it takes what is written
          filesystem.label = "nixos";
        };
        networks.lan = { };
        autostart = true;
      };

      # A separate boot disk, read by pygrub. Its own configuration is the template `pygrub-guest`.
      pygrub-guest = {
        memory = 256;
        bootloader = "pygrub";
        disks = {
          boot = {
            order = 0; # xvda
            path = "/vmdisks/pygrub-guest-boot.img";
            size = "256MiB";
            filesystem.label = "NIXBOOT";
          };
          root = {
            order = 1; # xvdb
            path = "/vmdisks/pygrub-guest-root.img";
            size = "1GiB";
            filesystem.label = "NIXROOT";
          };
        };
        networks.lan = { };
        autostart = true;
      };

      # No disk and no loader: kernel and initrd come from the Dom0.
      pvh-guest = {
        type = "pvh";
        memory = 160;
        kernel = "${config.boot.kernelPackages.kernel}/bzImage";
        initrd = "${config.virtualisation.xen.domus.microGuest}/initrd";
        cmdline = "console=hvc0";
        networks.lan = { };
        autostart = true;
      };
    };
  };
}
