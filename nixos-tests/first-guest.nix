# A guest that the template declares runs on real Xen, and takes a change while it runs.
{ lib, ... }:
{
  imports = [ ./lib/without-kvm.nix ];
  name = "domus-first-guest";
  globalTimeout = 30 * 60;

  nodes.dom0 = {
    imports = [
      ../modules
      ../templates/dom0/configuration.nix
      ./lib/xen-node.nix
    ];

    virtualisation.xen.guests = {
      # There is no system on their disks here.
      mrkitty.autostart = lib.mkForce false;
      pygrub-guest.autostart = lib.mkForce false;
      pvh-guest.maxMemory = 256;
    };

    specialisation.larger.configuration.virtualisation.xen.guests.pvh-guest.memory = lib.mkForce 224;
  };

  testScript = builtins.readFile ./first-guest.py;
}
