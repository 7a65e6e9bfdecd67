# Declared guests (domUs) on a NixOS Dom0. The options become one document,
# guests.json; the `domus` program does the rest.
{ lib, ... }:
# Said here, for with an older Xen module the options below collide, and no assertion is reached.
if lib.versionOlder lib.trivial.release "24.11" then
  throw ''
    Domus needs the Xen module of NixOS 24.11 or newer, and this nixpkgs is ${lib.trivial.release}. Update nixpkgs.
    A guest that needs only virtualisation.xenGuest can import modules/domu (nixosModules.domu) alone.
  ''
else
  {
    imports = [
      # What the NixOS wiki tells its readers to set.
      (lib.mkRenamedOptionModule
        [ "virtualisation" "xen" "domain0MemorySize" ]
        [ "virtualisation" "xen" "dom0Resources" "memory" ]
      )
      ./options.nix
      ./document.nix
      ./bridges.nix
      ./units.nix
      ./xendomains.nix
      ./host-shutdown.nix
      ./consoles.nix
      ./activation.nix
      ./assertions
    ];
  }
