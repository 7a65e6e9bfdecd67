# The type of one entry of `disks`. `guest` is the guest's own configuration.
{ lib, guest }:
let
  types = import ../../types.nix { inherit lib; };
  vdev = import ../vdev.nix { inherit lib; };
  backends = import ../backends.nix { inherit lib; };

  filesystem = lib.types.submodule {
    options = {
      type = lib.mkOption {
        type = lib.types.enum [
          "ext4"
          "ext3"
          "ext2"
        ];
        default = "ext4";
        example = "ext3";
        description = "The file system to make in an image that Domus creates.";
      };
      label = lib.mkOption {
        type = lib.types.nullOr types.label;
        default = null;
        example = "nixos";
        description = "The label of that file system.";
      };
    };
  };
in
lib.types.submodule (
  { config, ... }:
  {
    imports = [ ./disk-backend.nix ];

    options = {
      path = lib.mkOption {
        # Where it is none of this host's, whoever serves it knows what may stand here. QEMU is no such: its xen-block
        # looks for a file of that name before it reads it as nbd: or rbd:.
        type = lib.types.nullOr (
          if config.script != null || !backends.isDom0 config.backend then
            types.diskTarget
          else
            types.diskPath
        );
        default = null;
        example = "/vmdisks/web-root.img";
        description = ''
          The image file, or the block device (an LVM or ZFS volume, a whole disk). A missing image is created
          where `size` is given; what is there is never touched; nothing is ever created below `/dev`.
          With `script`, or a `backend` other than the Dom0, it may be anything that these know the disk by. Only a CD
          drive can do without: `null` is one without a disc.
        '';
      };

      size = lib.mkOption {
        type = lib.types.nullOr types.size;
        default = null;
        example = "4GiB";
        description = ''
          The size of the image, in powers of 1024 (`4G` is `4GiB`). It is created sparse.
          `null` means that the disk is there already.
        '';
      };

      format = lib.mkOption {
        type = lib.types.enum [
          "raw"
          "qcow2"
          "qcow"
          "vhd"
          "qed"
        ];
        default = "raw";
        example = "qcow2";
        description = ''
          The format of the image. It is never guessed: what a guest writes could say anything. Domus makes `"raw"` and
          `"qcow2"`.
        '';
      };

      vdev = lib.mkOption {
        type = lib.types.nullOr types.diskVdev;
        default =
          if config.order != null then
            vdev.at {
              position = config.order;
              inherit (config) cdrom;
              inherit (guest) type;
            }
          else if lib.length (lib.attrNames guest.disks) == 1 then
            vdev.at {
              # A CD-ROM's usual place, where SeaBIOS and installers look for it.
              position = if config.cdrom && guest.type == "hvm" then 2 else 0;
              inherit (config) cdrom;
              inherit (guest) type;
            }
          else
            null;
        defaultText = lib.literalMD "from `order`; `xvda` for the only disk of a guest";
        example = "xvda";
        description = "What the guest calls the disk. It never changes because another disk is declared.";
      };

      order = lib.mkOption {
        type = lib.types.nullOr (lib.types.ints.between 0 701);
        default = null;
        example = 1;
        description = ''
          The disk's position: 0 is `xvda`, 1 is `xvdb` and so on; a CD-ROM of an HVM guest is `hda` to `hdd`,
          and has one of 0 to 3.
          With more than one disk each needs this or `vdev`. With both, this is the place in the list that xl gets, the first
          of which boots.
        '';
      };

      readOnly = lib.mkOption {
        type = lib.types.bool;
        default = config.cdrom;
        defaultText = lib.literalMD "`true` for a CD-ROM";
        example = true;
        description = "Whether the guest may only read the disk. Guests can share a disk that all of them only read.";
      };

      cdrom = lib.mkOption {
        type = lib.types.bool;
        default = false;
        example = true;
        description = "Whether the guest sees a CD-ROM drive.";
      };

      detach = lib.mkOption {
        type = lib.types.enum [
          "next-boot"
          "live"
        ];
        default = "next-boot";
        example = "live";
        description = ''
          When the disk is taken from the guest while it runs, once it is no longer declared. `"next-boot"` waits for the
          guest's next boot: Linux does not refuse to lose a disk that it has mounted. `"live"` takes it at once, where the
          guest's `onChange` is `"live"`; unmount it in the guest first. The image is never deleted.
        '';
      };

      filesystem = lib.mkOption {
        type = lib.types.nullOr filesystem;
        default = null;
        example = lib.literalExpression ''{ type = "ext4"; label = "nixos"; }'';
        description = "The file system to make in an image that Domus creates. `null` leaves it blank.";
      };
    };
  }
)
