# Folders, byte streams, TPMs and input devices: libxl_9pfs.c and xl_parse.c.
{
  lib,
  guests,
  option,
  rules,
  ...
}:
let
  check =
    name: guest:
    let
      of = option name;
      entryOf =
        list: entry:
        of (
          lib.showOption [
            list
            entry
          ]
        );
      share = entryOf "shares";
      channel = entryOf "channels";
      limits = [
        "maxFiles"
        "maxOpenFiles"
        "maxSpace"
        "autoDelete"
      ];
    in
    rules.words name "shares" (lib.attrNames guest.shares)
    ++ rules.words name "channels" (lib.attrNames guest.channels)
    ++ rules.words name "vkb" (lib.attrNames guest.vkb)
    ++ lib.concatLists (
      lib.mapAttrsToList (
        entry: value:
        map (limit: {
          assertion = value.${limit} != null -> value.type == "xen_9pfsd";
          message = ''
            ${share entry}.${limit} is set, and QEMU, which serves the folder, knows no limits. Set ${share entry}.type = "xen_9pfsd", or remove it.
          '';
        }) limits
      ) guest.shares
    )
    ++ lib.concatLists (
      lib.mapAttrsToList (entry: value: [
        {
          assertion = value.connection == "socket" -> value.path != null;
          message = ''
            ${channel entry}.connection is "socket", and nothing says where that is. Set ${channel entry}.path.
          '';
        }
        {
          assertion = value.path != null -> value.connection == "socket";
          message = ''
            ${channel entry}.path is set, and a terminal has none. Set ${channel entry}.connection = "socket", or remove the path.
          '';
        }
      ]) guest.channels
    )
    ++ [
      {
        assertion = guest.vtpm.uuid != null -> guest.vtpm.backend != null;
        message = ''
          ${of "vtpm.uuid"} is set, and there is no vTPM without a domain that serves it. Set ${of "vtpm.backend"}, or remove the UUID.
        '';
      }
    ];
in
lib.concatLists (lib.mapAttrsToList check guests)
