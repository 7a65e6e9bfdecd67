# Disks: each at a place of its own, and none written by two guests.
{
  lib,
  guests,
  option,
  vdev,
  ...
}:
let
  backends = import ../backends.nix { inherit lib; };

  # Why Domus cannot make a disk, and what to do; null if it can.
  notMade =
    disk:
    if disk.script != null then
      "with a script the path is whatever the script makes of it. Make the disk with the script's own tools, and remove size"
    else if !backends.isDom0 disk.backend then
      "Domus makes images in this Dom0, not in the domain \"${disk.backend}\". Make the disk there, and remove size"
    else if disk.format != "raw" && disk.format != "qcow2" then
      "Domus makes \"raw\" and \"qcow2\" images only. Set format to one of these, or make the image with qemu-img and remove size"
    else if disk.backendType == "phy" || disk.specification == "virtio" then
      "Domus makes image files, and only a block device can be served so. Remove size, or remove backendType and specification"
    else
      null;

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
        }:${toString parsed.position}:${toString parsed.partition}";
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
        assertion = disks.${disk}.path == null -> disks.${disk}.cdrom;
        message = ''
          ${of disk}.path is not set, and only a CD drive can be without a disc. Set it to an image or a device, or set cdrom = true.
        '';
      }
      (
        let
          why = notMade disks.${disk};
        in
        {
          assertion =
            disks.${disk}.size != null && disks.${disk}.path != null && !disks.${disk}.cdrom -> why == null;
          message = ''
            ${of disk}.size is set, and ${toString why}.
          '';
        }
      )
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
        # One path in two domains that serve disks is two disks.
        place = "${backends.domain value}:${value.path}";
      }) (lib.filterAttrs (_: value: value.path != null) guest.disks)
    ) guests
  );
  shared = lib.filter (group: lib.length group > 1 && lib.any (use: !use.readOnly) group) (
    lib.attrValues (lib.groupBy (use: use.place) uses)
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
