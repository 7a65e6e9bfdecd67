# What cannot work, said at evaluation: which guest, which option, what to do.
{
  config,
  lib,
  ...
}:
let
  cfg = config.virtualisation.xen;
  guests = lib.filterAttrs (_: guest: guest.enable) cfg.guests;
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
  arguments = {
    inherit lib guests option;
    rules = import ./rules.nix { inherit lib option; };
    vdev = import ../vdev.nix { inherit lib; };
    consoleLogs = cfg.domus.consoleLogs.enable;
  };
  # What is declared for nothing where Domus is off.
  declared =
    lib.concatMap
      (
        name:
        lib.optional (cfg.${name} != { })
          "virtualisation.xen.${name} (${lib.concatStringsSep ", " (lib.attrNames cfg.${name})})"
      )
      [
        "guests"
        "bridges"
      ];
  # Each file gives a list of { assertion, message }.
  from = file: import file arguments;
in
{
  config = lib.mkMerge [
    {
      warnings = lib.optional (declared != [ ] && !cfg.domus.enable) (
        if cfg.enable then
          ''
            ${lib.concatStringsSep " and " declared} are declared, and virtualisation.xen.domus.enable is false: nothing is done for them.
            Set virtualisation.xen.domus.enable = true, or remove them.
          ''
        else
          ''
            ${lib.concatStringsSep " and " declared} are declared, and virtualisation.xen.enable is false: nothing is done for them.
            Set virtualisation.xen.enable = true, or remove them.
          ''
      );
    }
    {
      warnings = lib.mkIf cfg.domus.enable (
        lib.mkAfter (
          import ./ignored.nix {
            inherit lib guests option;
            manager = cfg.autostartManager;
          }
          ++ import ./memory.nix {
            inherit lib guests;
            xen = cfg;
          }
        )
      );
    }
    (lib.mkIf cfg.domus.enable {
      assertions =
        lib.concatMap from [
          ./names.nix
          ./boot.nix
          ./resources.nix
          ./disks.nix
          ./disk-backends.nix
          ./networks.nix
          ./cpu.nix
          ./vnuma.nix
          ./firmware.nix
          ./pci.nix
          ./usb.nix
          ./graphics.nix
          ./shares.nix
          ./autostart.nix
          ./lifecycle.nix
          ./settings.nix
        ]
        ++ import ./host.nix { inherit config lib; }
        ++ import ./bridges.nix {
          inherit
            config
            lib
            guests
            option
            ;
        };
    })
  ];
}
