# Screens: libxl_create.c and libxl_dm.c.
{
  lib,
  guests,
  option,
  rules,
  ...
}:
let
  leastVideoRam = {
    none = 0;
    cirrus = 8;
    stdvga = 16;
    qxl = 128;
  };
  # With qemu-xen-traditional, cirrus has 4 MiB whatever is said, and there is no qxl.
  leastTraditional = {
    none = 0;
    cirrus = 0;
    stdvga = 8;
    qxl = 0;
  };
  details = lib.filter (name: name != "enable");

  check =
    name: guest:
    let
      of = option name;
      inherit (guest) deviceModel graphics type;
      inherit (graphics) vnc spice sdl;
      # libxl's own choice: an HVM guest has VNC unless it is told otherwise.
      hasVnc = if vnc.enable == null then type == "hvm" else vnc.enable;
      hasSpice = spice.enable == true;
      isTraditional = deviceModel.version == "qemu-xen-traditional";
      vga = if graphics.vga == null then "cirrus" else graphics.vga;
      least = (if isTraditional then leastTraditional else leastVideoRam).${vga};
      of' = group: attrs: map (field: "graphics.${group}.${field}") (details (lib.attrNames attrs));
    in
    rules.onlyFor name guest
      [ "hvm" ]
      [
        "graphics.vga"
        "graphics.videoRam"
        "graphics.spice.enable"
      ]
    ++ rules.needs name guest hasVnc "graphics.vnc.enable" (of' "vnc" vnc)
    ++ rules.needs name guest (sdl.enable == true) "graphics.sdl.enable" (of' "sdl" sdl)
    ++ rules.needs name guest hasSpice "graphics.spice.enable" (of' "spice" spice)
    ++ [
      {
        assertion = graphics.videoRam == null || graphics.videoRam >= least;
        message = ''
          ${of "graphics.videoRam"} is ${toString graphics.videoRam} MiB, and "${vga}" needs ${toString least}. Raise it, or remove it.
        '';
      }
      {
        assertion = graphics.vga == "qxl" -> !isTraditional;
        message = ''
          ${of "graphics.vga"} is "qxl", and ${of "deviceModel.version"} is "qemu-xen-traditional", which has no such card.
          Set vga to "stdvga", or version to "qemu-xen".
        '';
      }
      {
        assertion = hasSpice -> deviceModel.stubdomain.enable != true;
        message = ''
          ${of "graphics.spice.enable"} is true, and ${of "deviceModel.stubdomain.enable"} is too: xl serves SPICE only where QEMU runs in the
          Dom0. Remove one of them; VNC is served with a stub domain too (${of "graphics.vnc.enable"}).
        '';
      }
      {
        assertion = graphics.keymap != null -> type == "hvm" || vnc.enable == true || sdl.enable == true;
        message = ''
          ${of "graphics.keymap"} is set, and guest "${name}" has no screen with a keyboard. Set ${of "graphics.vnc.enable"} = true, or remove it.
        '';
      }
      {
        assertion = hasSpice -> spice.port != null || spice.tlsPort != null;
        message = ''
          ${of "graphics.spice.enable"} is true, and SPICE is served at no port. Set ${of "graphics.spice.port"}, tlsPort, or both.
        '';
      }
      {
        assertion = spice.port != null -> spice.port != spice.tlsPort;
        message = ''
          ${of "graphics.spice.port"} and ${of "graphics.spice.tlsPort"} are the same, ${toString spice.port}. Give each its own.
        '';
      }
      {
        assertion = hasSpice -> spice.passwordFile != null || spice.disableTicketing == true;
        message = ''
          ${of "graphics.spice.enable"} is true, and SPICE asks for a password that there is not. Set ${of "graphics.spice.passwordFile"}, or
          disableTicketing = true to let everyone in.
        '';
      }
      {
        assertion = spice.passwordFile != null -> spice.disableTicketing != true;
        message = ''
          ${of "graphics.spice.passwordFile"} is set, and with ${of "graphics.spice.disableTicketing"} nobody is asked for the password. Remove one.
        '';
      }
      {
        assertion = spice.clipboardSharing == true -> spice.vdagent == true;
        message = ''
          ${of "graphics.spice.clipboardSharing"} is true, and the clipboard is shared by the guest's agent. Set ${of "graphics.spice.vdagent"} = true too.
        '';
      }
    ];
in
lib.concatLists (lib.mapAttrsToList check guests)
