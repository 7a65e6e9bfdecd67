# What the Dom0 itself must have.
{ config, ... }:
let
  cfg = config.virtualisation.xen;
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
