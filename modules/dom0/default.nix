# Declared guests (domUs) on a NixOS Dom0. The options become one document,
# guests.json; the `domus` program does the rest.
{ lib, ... }:
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
    ./activation.nix
    ./assertions
  ];
}
