# Which declared mount holds a disk.
{ config, lib }:
let
  backends = import ./backends.nix { inherit lib; };
  # A file system that every guest's disk may be on is mounted whenever anything runs.
  mountPoints = lib.filter (point: point != "/") (
    map (fileSystem: fileSystem.mountPoint) (lib.attrValues config.fileSystems)
  );
  holds = path: point: lib.hasPrefix "${point}/" path;
  deeper = a: b: lib.stringLength a > lib.stringLength b;
in
rec {
  # The mount point that holds a disk, other than /; null where there is none.
  holding =
    disk:
    let
      path = backends.file disk;
      holders = lib.sort deeper (lib.filter (holds path) mountPoints);
    in
    if path == null || lib.hasPrefix "/dev/" path || holders == [ ] then null else lib.head holders;

  # The units of the mounts that hold disks of guests that are enabled.
  units =
    utils:
    let
      guests = lib.filter (guest: guest.enable) (lib.attrValues config.virtualisation.xen.guests);
      disks = lib.concatMap (guest: lib.attrValues guest.disks) guests;
      points = lib.filter (point: point != null) (map holding disks);
    in
    map (point: "${utils.escapeSystemdPath point}.mount") (lib.unique points);
}
