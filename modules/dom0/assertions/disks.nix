# Disks: each at a place of its own, and none written by two guests.
{
  lib,
  guests,
  option,
  vdev,
  ...
}:
let
  check =
    name: guest:
    let
      of =
        disk:
        option name (
          lib.showOption [
            "disks"
            disk
          ]
        );
      inherit (guest) disks;
      names = lib.attrNames disks;
      placed = lib.filter (disk: disks.${disk}.vdev != null) names;
      unplaced = lib.filter (disk: disks.${disk}.vdev == null && disks.${disk}.order == null) names;

      # An HVM guest's firmware sees xvda and hda as the same drive.
      place =
        disk:
        let
          parsed = vdev.parse disks.${disk}.vdev;
        in
        "${
          if guest.type == "hvm" && parsed.family == "hd" then "xvd" else parsed.family
        }:${toString parsed.position}:${parsed.partition}";
      collisions = lib.filter (group: lib.length group > 1) (lib.attrValues (lib.groupBy place placed));
    in
    lib.optional (lib.length names > 1 && unplaced != [ ]) {
      assertion = false;
      message = ''
        Guest "${name}" has ${toString (lib.length names)} disks, and some have neither vdev nor order: ${
          lib.concatMapStringsSep ", " of unplaced
        }.
        What they are called in the guest would change with every disk that is added. Set order = 0 on the one that boots, then 1, 2, and so on.
      '';
    }
    ++ map (group: {
      assertion = false;
      message = ''
        ${lib.concatMapStringsSep " and " of group} are both ${
          lib.concatStringsSep " and " (lib.unique (map (disk: disks.${disk}.vdev) group))
        } in guest "${name}".
        Give each its own vdev, or its own order.
      '';
    }) collisions
    ++ lib.concatMap (disk: [
      {
        assertion = disks.${disk}.filesystem != null -> disks.${disk}.size != null;
        message = ''
          ${of disk}.filesystem is set without a size: Domus makes a file system only in an image that it creates.
          Set ${of disk}.size, or remove the file system.
        '';
      }
      {
        # The only order that gives no vdev.
        assertion = disks.${disk}.order == null || disks.${disk}.vdev != null;
        message = ''
          ${of disk}.order is ${toString disks.${disk}.order}, and a CD-ROM of an HVM guest is one of four IDE drives, hda to hdd.
          Set order to one of 0 to 3, which no other disk of the guest has.
        '';
      }
      {
        assertion = disks.${disk}.cdrom -> disks.${disk}.readOnly;
        message = ''
          ${of disk} is a CD-ROM that may be written, which Xen does not have. Remove readOnly = false, or cdrom.
        '';
      }
      {
        assertion = disks.${disk}.cdrom -> disks.${disk}.size == null && disks.${disk}.filesystem == null;
        message = ''
          ${of disk} is a CD-ROM, and has a size or a file system, which are for images that Domus creates.
          Remove size and filesystem, or cdrom.
        '';
      }
      {
        assertion = lib.hasPrefix "/dev/" disks.${disk}.path -> disks.${disk}.format == "raw";
        message = ''
          ${of disk}.path is a device, ${disks.${disk}.path}, and its format is "${disks.${disk}.format}". Set format = "raw", or give the path of an image file.
        '';
      }
    ]) names;

  # Every use of a path by any guest.
  uses = lib.concatLists (
    lib.mapAttrsToList (
      name: guest:
      lib.mapAttrsToList (disk: value: {
        option = option name (
          lib.showOption [
            "disks"
            disk
          ]
        );
        inherit (value) path readOnly;
      }) guest.disks
    ) guests
  );
  shared = lib.filter (group: lib.length group > 1 && lib.any (use: !use.readOnly) group) (
    lib.attrValues (lib.groupBy (use: use.path) uses)
  );
in
lib.concatLists (lib.mapAttrsToList check guests)
++ map (group: {
  assertion = false;
  message = ''
    ${
      lib.concatMapStringsSep " and " (use: use.option) group
    } are the same disk, ${(lib.head group).path}, and at least one may write it:
    that destroys its file system. Give each guest a disk of its own, or set readOnly = true on all of them.
  '';
}) shared
