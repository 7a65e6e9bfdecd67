# What guests say on their consoles, kept by xenconsoled.
{ config, lib, ... }:
let
  cfg = config.virtualisation.xen;
  logs = cfg.domus.consoleLogs;
  folder = "/var/log/xen/console";
in
{
  config = lib.mkMerge [
    # In every generation: with it go the sessions of `xl console`, and what nobody has read of a console yet.
    (lib.mkIf cfg.enable {
      systemd.services.xenconsoled.restartIfChanged = false;
    })

    (lib.mkIf (cfg.domus.enable && logs.enable) {
      # Xen's unit of every version takes its arguments from this file, which nixpkgs writes; of two lines the last counts.
      environment.etc."default/xencommons".text = lib.mkAfter ''
        XENCONSOLED_TRACE=${if cfg.trace or false then "all" else "guest"}
        XENCONSOLED_LOG_DIR=${folder}
      '';

      # xenconsoled makes its files readable by everyone (tools/console/daemon/io.c, create_console_log).
      systemd.tmpfiles.rules = [ "d ${folder} 0700 root root -" ];

      services.logrotate.settings.domus-consoles = {
        files = "${folder}/guest-*.log";
        size = "${toString logs.maxSize}M";
        rotate = logs.keep;
        missingok = true;
        notifempty = true;
        nocreate = true;
        sharedscripts = true;
        # It opens its files anew (main.c, handle_hup).
        postrotate = "systemctl kill --signal=HUP xenconsoled.service";
      };
    })
  ];
}
