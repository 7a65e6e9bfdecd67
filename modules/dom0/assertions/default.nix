# What cannot work, said at evaluation: which guest, which option, what to do.
{
  config,
  lib,
  options,
  ...
}:
let
  cfg = config.virtualisation.xen;
  guests = lib.filterAttrs (_: guest: guest.enable) cfg.guests;
  arguments = {
    inherit lib guests;
    # How messages name an option of a guest.
    option =
      guest: path:
      "${
        lib.showOption [
          "virtualisation"
          "xen"
          "guests"
          guest
        ]
      }.${path}";
    vdev = import ../vdev.nix { inherit lib; };
  };
  # Each file gives a list of { assertion, message }.
  from = file: import file arguments;
in
{
  config = lib.mkMerge [
    {
      warnings = lib.optional (cfg.guests != { } && !cfg.enable) ''
        virtualisation.xen.guests declares ${lib.concatStringsSep ", " (lib.attrNames cfg.guests)}, and virtualisation.xen.enable
        is false: nothing is done for them. Set virtualisation.xen.enable = true, or remove the guests.
      '';
    }
    (lib.mkIf cfg.domus.enable {
      assertions =
        lib.concatMap from [
          ./names.nix
          ./boot.nix
          ./resources.nix
          ./disks.nix
          ./networks.nix
          ./settings.nix
        ]
        ++ import ./host.nix {
          inherit
            config
            lib
            options
            guests
            ;
          inherit (arguments) option;
        };
    })
  ];
}
