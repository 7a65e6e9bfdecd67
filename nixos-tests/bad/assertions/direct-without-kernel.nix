{ lib, ... }:
{
  virtualisation.xen.guests.web.bootloader = lib.mkForce "direct";
}
