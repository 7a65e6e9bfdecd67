{ lib, ... }:
{
  virtualisation.xen.guests.web = {
    networks = lib.mkForce { };
    autostart = {
      enable = true;
      ready.port = 80;
    };
  };
}
