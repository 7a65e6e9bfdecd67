# The part of a guest's entry in guests.json that says what its machine is like. Its fields have the
# names of the options; what is not set is not in it.
{ lib, value }:
let
  inherit (import ./in-order.nix { inherit lib; }) inOrder order;

  set =
    attrs:
    lib.filterAttrs (_: field: field != null && field != [ ] && field != { }) (
      builtins.mapAttrs (_: field: if builtins.isAttrs field then set field else field) attrs
    );
  named = name: attrs: set (removeAttrs attrs [ "order" ]) // { inherit name; };
  # Sizes say their unit.
  inMib =
    option: attrs:
    removeAttrs attrs [ option ]
    // {
      "${option}Mib" = attrs.${option};
    };
in
set {
  inherit (value)
    cpu
    time
    viridian
    firmware
    pvShim
    vtpm
    onWatchdog
    onSoftReset
    ;
  vnuma = map (node: set (inMib "memory" node)) value.vnuma;
  pci = value.pci // {
    rdm = inMib "memBoundary" value.pci.rdm;
    devices = inOrder (
      device:
      if device.order != null then
        device.order
      else if device.vslot != null then
        device.vslot
      else
        0
    ) named value.pci.devices;
  };
  usb = value.usb // {
    controllers = inOrder order named value.usb.controllers;
    devices = lib.mapAttrsToList named value.usb.devices;
  };
  graphics = inMib "videoRam" value.graphics;
  shares = lib.mapAttrsToList (name: share: named name (inMib "maxSpace" share)) value.shares;
  channels = lib.mapAttrsToList named value.channels;
  vkb = lib.mapAttrsToList named value.vkb;
  deviceModel = value.deviceModel // {
    stubdomain = inMib "memory" value.deviceModel.stubdomain;
  };
}
