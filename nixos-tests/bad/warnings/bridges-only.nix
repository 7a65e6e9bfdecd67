{ lib, ... }:
{
  virtualisation.xen = {
    domus.enable = false;
    guests = lib.mkForce { };
  };
}
