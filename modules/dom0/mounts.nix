# Which declared mount holds a disk.
{ config, lib }:
let
  # A file system that every guest's disk may be on is mounted whenever anything runs.
  mountPoints = lib.filter (point: point != "/") (
    map (fileSystem: fileSystem.mountPoint) (lib.attrValues config.fileSystems)
  );
  holds = path: point: lib.hasPrefix "${point}/" path;
  deeper = a: b: lib.stringLength a > lib.stringLength b;
in
rec {
  # The mount point that holds `path`, other than /; null where there is none.
  holding =
    path:
    let
      holders = lib.sort deeper (lib.filter (holds path) mountPoints);
    in
    if lib.hasPrefix "/dev/" path || holders == [ ] then null else lib.head holders;

  # The units of the mounts that hold disks of guests that are enabled.
  units =
    utils:
    let
      guests = lib.filter (guest: guest.enable) (lib.attrValues config.virtualisation.xen.guests);
      disks = lib.concatMap (guest: lib.attrValues guest.disks) guests;
      points = lib.filter (point: point != null) (map (disk: holding disk.path) disks);
    in
    map (point: "${utils.escapeSystemdPath point}.mount") (lib.unique points);
}
