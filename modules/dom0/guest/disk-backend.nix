# How a disk is served, beyond what most guests need.
{ lib, ... }:
let
  types = import ../../types.nix { inherit lib; };
  unset = import ./unset.nix { inherit lib; };
in
{
  options = {
    backend = unset {
      type = types.domain;
      example = "storage";
      description = ''
        The domain that serves the disk, by name or number, where it is not the Dom0: a driver domain. `path` is then
        what that domain knows the disk by. The Dom0 (`"0"`, `"Domain-0"`) is the same as `null`.
      '';
    };

    backendType = unset {
      type = lib.types.enum [
        "phy"
        "qdisk"
        "tap"
        "standalone"
      ];
      example = "qdisk";
      description = ''
        The software that serves the disk: the kernel (`"phy"`, for block devices), QEMU (`"qdisk"`), blktap (`"tap"`, which
        not every Xen has), or something that only reads xenstore (`"standalone"`, for virtio disks). `null` leaves the choice to xl,
        which is right as a rule.
      '';
    };

    script = unset {
      type = types.script;
      example = "block-iscsi";
      description = ''
        The program, in /etc/xen/scripts or by its absolute path, that makes a block device of `path`, which then may be
        whatever the program understands: `"iqn.2001-05.org.example:lun0"`. Domus makes no image for such a disk and does
        not look into it. It compares such disks by the text of their path only: that two texts name one device is not seen,
        and two guests that write to it destroy it.
      '';
    };

    directIoSafe = lib.mkOption {
      type = lib.types.bool;
      default = false;
      example = true;
      description = ''
        Whether QEMU may bypass the Dom0's page cache, which is faster. It is not safe for an image on NFS or a disk on
        iSCSI: an error in old kernels crashes the Dom0.
      '';
    };

    discard = unset {
      type = lib.types.bool;
      example = false;
      description = ''
        Whether the guest may say which blocks are free, so that an image shrinks again. `null` lets it where it may write.
        `false` keeps an image that was made without holes as it is.
      '';
    };

    trusted = lib.mkOption {
      type = lib.types.bool;
      default = true;
      example = false;
      description = ''
        Whether the guest need not guard itself against the domain that serves the disk. `false` needs Xen 4.19: an older
        xl refuses it.
      '';
    };

    specification = unset {
      type = lib.types.enum [
        "xen"
        "virtio"
      ];
      example = "virtio";
      description = ''
        What the guest needs a driver for: Xen's own disks (`"xen"`, and `null`), or virtio-mmio (`"virtio"`, since Xen 4.17),
        which only a `"standalone"` backend serves, from block devices, and xl tells only Arm guests of.
      '';
    };

    grantUsage = unset {
      type = lib.types.bool;
      example = true;
      description = ''
        Whether a virtio disk is served by grants, without access to all of the guest's memory. Since Xen 4.19. `null` says
        so where the Dom0 does not serve it.
      '';
    };

    colo = {
      enable = lib.mkOption {
        type = lib.types.bool;
        default = false;
        example = true;
        description = ''
          Whether QEMU keeps a copy of the disk on another host, for COLO (`xl remus -c`). xl calls all of these
          settings unstable.
        '';
      };

      host = unset {
        type = types.deviceValue;
        example = "192.0.2.66";
        description = "The other host's address.";
      };

      port = unset {
        type = lib.types.ints.between 1 65535;
        example = 9000;
        description = "The port of the NBD server there.";
      };

      export = unset {
        type = types.deviceValue;
        example = "qdisk1";
        description = "The name of the disk at that server.";
      };

      activeDisk = unset {
        type = types.deviceValue;
        example = "/srv/active.qcow2";
        description = "Where the other host buffers what its guest writes.";
      };

      hiddenDisk = unset {
        type = types.deviceValue;
        example = "/srv/hidden.qcow2";
        description = "Where the other host keeps what this one overwrites.";
      };
    };
  };
}
