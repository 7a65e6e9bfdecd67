# A PV guest in a PVH container.
{ lib, ... }:
let
  types = import ../../types.nix { inherit lib; };
  unset = import ./unset.nix { inherit lib; };
in
{
  options.pvShim = {
    enable = unset {
      type = lib.types.bool;
      example = true;
      description = ''
        Whether the guest, of type PVH, boots a PV kernel, below a small Xen of its own. So a guest that can only be PV is
        kept apart by the processor.
      '';
    };

    path = unset {
      type = types.bootFile;
      example = "/srv/xen/xen-shim";
      description = "The shim, in place of the one that comes with Xen.";
    };

    cmdline = unset {
      type = types.argument;
      example = "pv-shim console=xen,pv";
      description = "The shim's command line, in place of the one in the example.";
    };

    extra = unset {
      type = types.argument;
      example = "loglvl=all";
      description = "What is added to the shim's command line.";
    };
  };
}
