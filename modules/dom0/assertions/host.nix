# What the Dom0 itself must have.
{ config, lib, ... }:
let
  cfg = config.virtualisation.xen;

  # What of xendomains' settings Domus relies on: with what each must be, and what happens otherwise.
  relied = {
    XENDOMAINS_SAVE = {
      value = "/var/lib/xen/save";
      why = ''
        Domus looks for saved guests in /var/lib/xen/save only: of those elsewhere it would grow the disks, and start some over.
        Remove the line. For save files on another file system, mount it there:
        fileSystems."/var/lib/xen/save" = { device = "/srv/save"; options = [ "bind" ]; }
      '';
    };
    XENDOMAINS_RESTORE = {
      value = "true";
      why = ''
        otherwise xendomains starts guests that are saved, and destroys what their memory holds of their file systems.
        Remove the line. What is not to be saved has onHostShutdown = "shutdown".
      '';
    };
    XENDOMAINS_AUTO = {
      value = "${cfg.domus.guestsJson.value.configDir}/auto";
      why = ''
        otherwise xendomains does not start the guests that Domus links in that folder.
        Remove the line.
      '';
    };
  };
  lines = lib.filter builtins.isString (builtins.split "\n" cfg.domains.extraConfig);
  # Every line that names the setting, but for comments and for what sets it as it must be.
  others =
    name: value:
    lib.filter (
      line:
      builtins.match "[^#]*${name}([^A-Z_].*)?" line != null
      &&
        builtins.match "[[:space:]]*${name}=[\"']?${lib.escapeRegex value}/?[\"']?[[:space:]]*" line == null
    ) lines;
  setting =
    name:
    { value, why }:
    let
      wrong = others name value;
    in
    {
      assertion = wrong == [ ];
      message = ''
        virtualisation.xen.domains.extraConfig has the line `${lib.head wrong}`, and ${name} must be ${value}:
        ${why}'';
    };
in
[
  {
    assertion = cfg.enable;
    message = ''
      virtualisation.xen.domus.enable is true, and virtualisation.xen.enable is false: there are no guests without Xen.
      Set virtualisation.xen.enable = true, or leave virtualisation.xen.domus.enable out.
    '';
  }
  {
    assertion = !config.virtualisation.libvirtd.enable;
    message = ''
      virtualisation.libvirtd.enable is true, and xendomains.service, which starts and saves the guests of
      virtualisation.xen.guests, conflicts with libvirtd.service: whichever starts later stops the other.
      Set virtualisation.libvirtd.enable = false, or virtualisation.xen.domus.enable = false.
    '';
  }
]
++ lib.mapAttrsToList setting relied
