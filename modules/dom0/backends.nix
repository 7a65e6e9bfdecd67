# Who serves a disk or an interface, and which disks are files or devices of this host.
{ lib }:
let
  vdev = import ./vdev.nix { inherit lib; };
in
rec {
  # Names of the Dom0 itself; other numbers that libxl takes for it are not of the type.
  isDom0 =
    backend:
    lib.elem backend [
      null
      "0"
      "Domain-0"
    ];

  # The file or device of this host that a disk is; null for what only a script or a driver domain knows,
  # and for a CD drive without a disc.
  file =
    disk:
    if
      disk.path != null && disk.script == null && isDom0 disk.backend && lib.hasPrefix "/" disk.path
    then
      disk.path
    else
      null;

  # What tells whether two devices are served by one domain.
  domain = device: if isDom0 device.backend then "" else device.backend;

  # Whether QEMU is told of a disk of an HVM guest, as the drive that its firmware and installers see; null, or
  # what is there for its controller (libxl_dm.c, libxl__build_device_model_args_new).
  emulated =
    guest: disk:
    let
      place = if disk.vdev == null then null else vdev.parse disk.vdev;
      byNumber = builtins.match "[0-9].*" disk.vdev != null;
      ahci = guest.firmware.hdType == "ahci";
      scsi = place.family == "sd";
      isOld = guest.deviceModel.version == "qemu-xen-traditional";
    in
    if guest.type != "hvm" || isOld || place == null || byNumber then
      null
    else if disk.cdrom then
      { kind = "cdrom"; }
    else if scsi then
      { kind = "SCSI"; }
    else if place.position < (if ahci then 6 else 4) then
      {
        kind = if ahci then "AHCI" else "IDE";
        next = if ahci then "xvdg" else "xvde";
      }
    else
      null;
}
