# Warnings: what is declared, and has no effect.
{
  lib,
  guests,
  option,
  manager,
}:
let
  # xl's reader of `rdm` takes a valid policy for an error and drops the whole (libxlu_pci.c, xlu_rdm_parse).
  rdm = lib.filter (name: guests.${name}.pci.rdm.strategy != null) (lib.attrNames guests);

  # An error would stand in the way of going back to xendomains for one boot.
  ordered = lib.filter (
    name:
    let
      inherit (guests.${name}) autostart;
    in
    autostart.enable
    && (
      autostart.order != 0
      || autostart.after != [ ]
      || autostart.delay != 0
      || autostart.ready.console != null
      || autostart.ready.xenstore != null
      || autostart.ready.port != null
    )
  ) (lib.attrNames guests);
in
map (name: ''
  ${option name "pci.rdm.strategy"} is set, and no xl that is released acts on it: each takes a valid policy for an error.
  Set ${option name "pci.devices"}.<name>.rdmPolicy for each device that needs it.
'') rdm
++ lib.optional (manager == "xendomains" && ordered != [ ]) ''
  ${
    lib.concatMapStringsSep ", " (name: option name "autostart") ordered
  }: order, after, delay or ready is set, and virtualisation.xen.autostartManager is "xendomains", which
  starts guests by name, one after the other, whatever they say. Set it to "domus", or remove what is set.
''
