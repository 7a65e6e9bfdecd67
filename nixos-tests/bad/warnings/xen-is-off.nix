{ lib, ... }:
{
  virtualisation.xen.enable = lib.mkForce false;
}
