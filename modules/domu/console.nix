# A login on the Xen console.
{ config, lib, ... }:
let
  cfg = config.virtualisation.xenGuest;
in
{
  config = lib.mkIf (cfg.enable && cfg.login) {
    # The instance of systemd's own template; a unit of this name would hide that.
    systemd.targets.getty.wants = [ "serial-getty@hvc0.service" ];
  };
}
