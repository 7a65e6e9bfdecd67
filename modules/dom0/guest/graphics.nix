# The guest's screen, and who may look at it.
{ lib, ... }:
let
  types = import ../../types.nix { inherit lib; };
  unset = import ./unset.nix { inherit lib; };
in
{
  imports = [ ./spice.nix ];

  options.graphics = {
    vga = unset {
      type = lib.types.enum [
        "none"
        "stdvga"
        "cirrus"
        "qxl"
      ];
      example = "stdvga";
      description = ''
        The emulated graphics card of an HVM guest. `"stdvga"` has more colours and larger screens than xl's own choice,
        `"cirrus"`; `"qxl"` is for SPICE, and not for `deviceModel.version` `"qemu-xen-traditional"`.
      '';
    };

    videoRam = unset {
      type = lib.types.ints.positive;
      example = 32;
      description = ''
        The graphics card's memory in MiB: at least 8 for `"cirrus"`, 16 for `"stdvga"`, 128 for `"qxl"`, which is also what
        each has by itself. For HVM. With `deviceModel.version` `"qemu-xen-traditional"`, `"stdvga"` needs 8 and `"cirrus"`
        always has 4.
      '';
    };

    keymap = unset {
      type = types.word;
      example = "de";
      description = "The layout of the keyboard that is in front of the viewer, by QEMU's name for it. `null` is `en-us`.";
    };

    vnc = {
      enable = unset {
        type = lib.types.bool;
        example = true;
        description = ''
          Whether the guest's screen is served by VNC. `null` is xl's own choice: for HVM it is, on the Dom0's own address
          127.0.0.1; a PV or PVH guest has no screen. `true` gives those a framebuffer.
        '';
      };

      listen = unset {
        type = types.listenAddress;
        example = "0.0.0.0";
        description = ''
          The Dom0's IPv4 address that VNC is served at. xl's own choice is 127.0.0.1. VNC is not encrypted; for others than
          the Dom0 itself, set `graphics.vnc.passwordFile` at least.
        '';
      };

      display = unset {
        type = lib.types.ints.between 0 59635;
        example = 5;
        description = "The number of the VNC display: 5 is TCP port 5905. xl's own choice is 0, or the next that is free.";
      };

      unused = unset {
        type = lib.types.bool;
        example = false;
        description = ''
          Whether the next free display is taken where `graphics.vnc.display` is in use; `xl vncviewer` finds it. xl's own
          choice is `true`.
        '';
      };

      passwordFile = unset {
        type = types.secretFile;
        example = "/run/keys/web-vnc";
        description = ''
          A file that holds the password for VNC, on one line, of which the protocol uses 8 bytes. It is read when the system
          is switched to and at boot, and becomes part of `/etc/xen/<guest>.cfg`, which only root can read then. It never
          reaches the Nix store. With a PV or PVH guest, however, xl also writes it where the guest's XenStore is, in the
          folder of the framebuffer's backend, and root in the guest can read it there.
        '';
      };
    };

    sdl = {
      enable = unset {
        type = lib.types.bool;
        example = true;
        description = "Whether the guest's screen is a window of an X server.";
      };

      opengl = unset {
        type = lib.types.bool;
        example = true;
        description = "Whether that window uses OpenGL.";
      };

      display = unset {
        type = types.field;
        example = ":0";
        description = "The X display that the window is on.";
      };

      xauthority = unset {
        type = types.diskPath;
        example = "/root/.Xauthority";
        description = "The file that lets QEMU onto that display.";
      };
    };
  };
}
