{ lib, ... }:
{
  virtualisation.xen = {
    enable = lib.mkForce false;
    domus.enable = true;
    guests = lib.mkForce { };
  };
}
