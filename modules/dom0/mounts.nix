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

  # The mount points that hold the disks of `guests`, each once.
  ofGuests =
    guests:
    lib.unique (
      lib.filter (point: point != null) (
        lib.concatMap (guest: map (disk: holding disk.path) (lib.attrValues guest.disks)) (
          lib.attrValues guests
        )
      )
    );
}
