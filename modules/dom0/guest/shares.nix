# What the guest shares with the Dom0, or another domain: folders, byte streams, a TPM, input devices.
{ lib, ... }:
let
  types = import ../../types.nix { inherit lib; };
  unset = import ./unset.nix { inherit lib; };

  backend =
    what:
    unset {
      type = types.domain;
      example = "driver-domain";
      description = "The domain that serves ${what}, by name or number. `null` is the Dom0.";
    };

  share = lib.types.submodule {
    options = {
      path = lib.mkOption {
        type = types.sharePath;
        example = "/srv/web";
        description = "The folder, in the domain that serves it. The guest reads and writes there as root.";
      };

      type = unset {
        type = lib.types.enum [
          "qemu"
          "xen_9pfsd"
        ];
        example = "xen_9pfsd";
        description = "Who serves the folder: QEMU, which `null` means, or Xen's own daemon (Xen 4.19 or newer).";
      };

      backend = backend "the folder";

      maxFiles = unset {
        type = lib.types.ints.unsigned;
        example = 1000;
        description = "The most files that there can be. 0 and `null` mean no limit. For `xen_9pfsd`.";
      };

      maxOpenFiles = unset {
        type = lib.types.ints.unsigned;
        example = 32;
        description = "The most files that can be open at once. `null` is 5. For `xen_9pfsd`.";
      };

      maxSpace = unset {
        type = lib.types.ints.unsigned;
        example = 512;
        description = "The most space, in MiB, that the files can take. 0 and `null` mean no limit. For `xen_9pfsd`.";
      };

      autoDelete = unset {
        type = lib.types.bool;
        example = true;
        description = "Whether the oldest file is deleted where a limit is reached. For `xen_9pfsd`.";
      };
    };
  };

  channel = lib.types.submodule {
    options = {
      connection = lib.mkOption {
        type = lib.types.enum [
          "pty"
          "socket"
        ];
        default = "pty";
        example = "socket";
        description = ''
          What the channel ends at in the Dom0: a terminal (`"pty"`; `xl channel-list` shows which), or the Unix socket at `path`.
        '';
      };

      path = unset {
        type = types.sharePath;
        example = "/run/web-agent.sock";
        description = "The socket, which QEMU makes.";
      };

      backend = backend "the channel";
    };
  };
in
{
  imports = [ ./vkb.nix ];

  options = {
    shares = lib.mkOption {
      type = lib.types.attrsOf share;
      default = { };
      example = lib.literalExpression ''{ www.path = "/srv/www"; }'';
      description = ''
        Folders of the Dom0 that the guest can mount, by the tag that it mounts them by:
        `mount -t 9p -o trans=xen,version=9p2000.L www /mnt`.
      '';
    };

    channels = lib.mkOption {
      type = lib.types.attrsOf channel;
      default = { };
      example = lib.literalExpression ''{ "org.example.agent.1" = { connection = "socket"; path = "/run/web-agent.sock"; }; }'';
      description = ''
        Byte streams between the guest and the Dom0, by the name that the guest finds them by. xen-pv-channel(7) says more.
      '';
    };

    vtpm = {
      backend = unset {
        type = types.domain;
        example = "vtpm-web";
        description = "The domain that serves the guest's virtual TPM, by name or number. `null` gives it none.";
      };

      uuid = unset {
        type = types.uuid;
        example = "3f0e5c1a-7d3b-8c55-9a6e-2f0b6a1d4e77";
        description = "What the vTPM is known by to its backend, where that serves several.";
      };
    };
  };
}
