# What a switch does before units are started: files, and on a running system images.
# The program reads NIXOS_ACTION itself, and only prints its plan on dry-activate.
{ config, lib, ... }:
let
  cfg = config.virtualisation.xen;
  # Where agenix and sops-nix put secrets in place, so that the files of passwords are there.
  secrets = lib.filter (name: config.system.activationScripts ? ${name}) [
    "agenix"
    "setupSecrets"
  ];
in
{
  config = lib.mkIf cfg.domus.enable {
    system.activationScripts.domus = {
      deps = [ "etc" ] ++ secrets;
      supportsDryActivation = true;
      # By its store path: on dry-activate /etc is still the old one.
      text = "${lib.getExe cfg.domus.package} apply --stage files --spec ${cfg.domus.guestsJson.path} --xl ${lib.getExe' cfg.package "xl"}";
    };
  };
}
