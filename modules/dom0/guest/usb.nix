# USB controllers, devices of the host on them, and the bus of an emulated machine.
{ lib, ... }:
let
  types = import ../../types.nix { inherit lib; };
  unset = import ./unset.nix { inherit lib; };
  versions = lib.types.enum [
    1
    2
    3
  ];

  controller = lib.types.submodule {
    options = {
      type = unset {
        type = lib.types.enum [
          "auto"
          "pv"
          "qusb"
          "devicemodel"
        ];
        example = "qusb";
        description = ''
          Who serves the controller: the Dom0's kernel (`"pv"`), QEMU as a paravirtual one (`"qusb"`), or QEMU as an
          emulated one (`"devicemodel"`, for HVM). `"auto"`, and `null`, are `"devicemodel"` for HVM, and one of the
          others else.
        '';
      };

      version = unset {
        type = versions;
        example = 3;
        description = "1 for USB 1.1, 2 for USB 2.0, 3 for USB 3.0 (emulated controllers only). xl's own choice is 2.";
      };

      ports = unset {
        type = lib.types.ints.between 1 31;
        example = 8;
        description = ''
          How many ports the controller has. xl's own choice is 8; an emulated one has always 2 (USB 1.1) or 6 (USB 2.0), or
          up to 15 (USB 3.0).
        '';
      };

      order = unset {
        type = lib.types.ints.between 0 255;
        example = 0;
        description = "The controller's position: 0 is the guest's first. With more than one controller each needs it.";
      };
    };
  };

  device = lib.types.submodule {
    options = {
      hostbus = lib.mkOption {
        type = lib.types.ints.between 1 255;
        example = 1;
        description = "The host's bus that the device is on; `lsusb` shows it.";
      };

      hostaddr = lib.mkOption {
        type = lib.types.ints.between 1 127;
        example = 3;
        description = ''
          The device's number on that bus. It is another one after the device was plugged in again.
        '';
      };

      controller = unset {
        type = types.word;
        example = "front";
        description = ''
          Which of `usb.controllers` the device is plugged into. `null` is the first with a free port, or a new controller.
        '';
      };

      port = unset {
        type = lib.types.ints.between 1 31;
        example = 1;
        description = "The controller's port, the first of which is 1. It goes with `controller`. `null` is the first free one.";
      };
    };
  };
in
{
  options.usb = {
    controllers = lib.mkOption {
      type = lib.types.attrsOf controller;
      default = { };
      example = lib.literalExpression "{ front = { version = 2; }; }";
      description = "USB controllers of the guest, by a name of your own.";
    };

    devices = lib.mkOption {
      type = lib.types.attrsOf device;
      default = { };
      example = lib.literalExpression ''{ key = { hostbus = 1; hostaddr = 3; controller = "front"; port = 1; }; }'';
      description = ''
        USB devices of the host for the guest, by a name of your own. Those without a `port` are plugged in in the order of their
        names.
      '';
    };

    emulate = unset {
      type = lib.types.bool;
      example = true;
      description = "Whether an HVM guest has the emulated USB 1.1 bus that `usb.emulatedDevices` are on.";
    };

    version = unset {
      type = versions;
      example = 2;
      description = ''
        The emulated USB controller of an HVM guest: 1 for USB 1.1, 2 for USB 2.0, 3 for USB 3.0. It excludes
        `usb.emulate` and `usb.emulatedDevices`.
      '';
    };

    emulatedDevices = lib.mkOption {
      type = lib.types.listOf types.argument;
      default = [ ];
      example = [
        "tablet"
        "host:1234:5678"
      ];
      description = ''
        Devices on the emulated bus of an HVM guest, in QEMU's words: `"tablet"` is a pointer that VNC can follow,
        `"host:VENDOR:PRODUCT"` a device of the host.
      '';
    };
  };
}
