# Paravirtual keyboards, pointers and touch screens.
{ lib, ... }:
let
  types = import ../../types.nix { inherit lib; };
  unset = import ./unset.nix { inherit lib; };
  flag =
    example: description:
    unset {
      type = lib.types.bool;
      inherit example description;
    };
  size =
    example: description:
    unset {
      type = lib.types.ints.positive;
      inherit example description;
    };

  device = lib.types.submodule {
    options = {
      backendType = lib.mkOption {
        type = lib.types.enum [
          "qemu"
          "linux"
        ];
        example = "linux";
        description = "Who serves the device: QEMU, or a Linux program such as `displ_be`.";
      };

      backend = unset {
        type = types.domain;
        example = "driver-domain";
        description = "The domain that serves the device, by name or number. `null` is the Dom0.";
      };

      keyboard = flag false "Whether the device has keys. `null` means that it does.";
      pointer = flag false "Whether the device points. `null` means that it does.";
      absPointer = flag true "Whether the pointer gives positions, and not only movements.";
      rawPointer = flag true "Whether those positions are the device's own, not scaled to the screen.";

      width = size 1920 "The width of the field of positions.";
      height = size 1080 "The height of the field of positions.";

      multiTouch = {
        width = size 1920 "The width of the touch screen. Any of the three makes the device one.";
        height = size 1080 "The height of the touch screen.";
        contacts = size 10 "How many fingers the touch screen can follow.";
      };
    };
  };
in
{
  options.vkb = lib.mkOption {
    type = lib.types.attrsOf device;
    default = { };
    example = lib.literalExpression ''{ T0 = { backendType = "linux"; multiTouch = { width = 1920; height = 1080; contacts = 10; }; }; }'';
    description = ''
      Paravirtual input devices, by the id that their backend knows them by. A guest with a framebuffer
      (`graphics`) has one for it already.
    '';
  };
}
