# What a switch does before units are started: files, and on a running system images.
# The program reads NIXOS_ACTION itself, and only prints its plan on dry-activate.
{ config, lib, ... }:
let
  cfg = config.virtualisation.xen;
in
{
  config = lib.mkIf cfg.domus.enable {
    system.activationScripts.domus = {
      deps = [ "etc" ];
      supportsDryActivation = true;
      # By its store path: on dry-activate /etc is still the old one.
      text = "${lib.getExe cfg.domus.package} apply --stage files --spec ${cfg.domus.guestsJson.path} --xl ${lib.getExe' cfg.package "xl"}";
    };
  };
}
