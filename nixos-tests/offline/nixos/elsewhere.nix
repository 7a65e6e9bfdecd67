# Parts of NixOS that Domus has nothing to do with: whatever is set there is taken.
{ lib, ... }:
{
  options =
    lib.genAttrs
      [
        "console"
        "documentation"
        "hardware"
        "i18n"
        "nix"
        "powerManagement"
        "programs"
        "security"
        "services"
        "swapDevices"
        "time"
        "users"
      ]
      (
        _:
        lib.mkOption {
          type = lib.types.anything;
          default = { };
        }
      );
}
