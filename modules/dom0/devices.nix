# The entries of disks and networks in guests.json. What few guests have is in them only where it is set.
{ config, lib }:
let
  mounts = import ./mounts.nix { inherit config lib; };
  vdev = import ./vdev.nix { inherit lib; };
  plugged = import ./plugged.nix { inherit lib; };
  set = lib.filterAttrs (
    _: field:
    !(lib.elem field [
      null
      { }
    ])
  );
  # What is true unless it is said not to be, and the other way round.
  unless = usual: value: if value == usual then null else value;
in
{
  disk =
    guest: name: value:
    {
      inherit name;
      inherit (value)
        path
        size
        format
        vdev
        readOnly
        cdrom
        filesystem
        ;
      mountPoint = mounts.holding value;
    }
    // set {
      inherit (value)
        backend
        backendType
        script
        discard
        specification
        grantUsage
        ;
      # Where the vdev says otherwise.
      order =
        let
          byOrder = vdev.at {
            position = value.order;
            inherit (value) cdrom;
            inherit (guest) type;
          };
        in
        if value.order == null || value.vdev == byOrder then null else value.order;
      detach = unless "next-boot" value.detach;
      directIoSafe = unless false value.directIoSafe;
      trusted = unless true value.trusted;
      colo = set (
        value.colo
        // {
          enable = unless false value.colo.enable;
        }
      );
    };

  network =
    name: value:
    {
      inherit name;
      inherit (value) mac ip script;
      # Scripts that route or translate plug the interface into none.
      bridge = if plugged.unused value then null else value.bridge;
    }
    // set {
      inherit (value)
        vifname
        model
        type
        gatewaydev
        backend
        rate
        devid
        mtu
        vlan
        colo
        ;
      trusted = unless true value.trusted;
    };
}
