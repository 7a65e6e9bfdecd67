# USB: libxl_usb.c and libxl_create.c.
{
  lib,
  guests,
  option,
  rules,
  ...
}:
let
  uses = lib.concatLists (
    lib.mapAttrsToList (
      name: guest:
      lib.mapAttrsToList (device: value: {
        inherit name;
        autostart = guest.autostart.enable;
        inherit (value) hostbus hostaddr;
        option = option name (
          lib.showOption [
            "usb"
            "devices"
            device
          ]
        );
      }) guest.usb.devices
    ) guests
  );
  address = use: "${toString use.hostbus}.${toString use.hostaddr}";
  same =
    uses: why:
    rules.distinct uses address (group: ''
      ${
        lib.concatMapStringsSep " and " (use: use.option) group
      } are the same device, bus ${toString (lib.head group).hostbus} device ${toString (lib.head group).hostaddr}${why}
    '');
  byGuest = lib.attrValues (lib.groupBy (use: use.name) uses);

  check =
    name: guest:
    let
      of = option name;
      inherit (guest) usb type;
      inherit (usb) controllers devices;
      names = lib.attrNames controllers;
      entryOf =
        list: entry:
        of (
          lib.showOption [
            "usb"
            list
            entry
          ]
        );
      controller = entryOf "controllers";
      device = entryOf "devices";
      hasBus = usb.emulate == true || usb.emulatedDevices != [ ];
      unplaced = lib.filter (entry: controllers.${entry}.order == null) names;
      emulated =
        entry:
        let
          kind = controllers.${entry}.type;
        in
        kind == "devicemodel" || (kind == null || kind == "auto") && type == "hvm";
      version = entry: if controllers.${entry}.version == null then 2 else controllers.${entry}.version;
      # How many ports a controller has by itself, and the most that it can have.
      own =
        entry:
        if emulated entry && version entry == 1 then
          2
        else if emulated entry && version entry == 2 then
          6
        else
          8;
      most =
        entry:
        if !emulated entry then
          31
        else if version entry == 3 then
          15
        else
          own entry;
      ports = entry: if controllers.${entry}.ports == null then own entry else controllers.${entry}.ports;

      checkController =
        entry:
        let
          value = controllers.${entry};
        in
        [
          {
            assertion = value.type == "devicemodel" -> type == "hvm";
            message = ''
              ${controller entry}.type is "devicemodel", an emulated controller, and ${of "type"} is "${type}". Remove it, or set the guest's type to "hvm".
            '';
          }
          {
            assertion = value.version == 3 -> emulated entry;
            message = ''
              ${controller entry}.version is 3, which only an emulated controller of an HVM guest is. Set it to 1 or 2.
            '';
          }
          {
            assertion =
              value.ports != null
              -> value.ports <= most entry && (emulated entry && version entry < 3 -> value.ports == own entry);
            message = ''
              ${controller entry}.ports is ${toString value.ports}, and such a controller has ${
                if emulated entry && version entry < 3 then "always" else "at most"
              } ${toString (most entry)}. Correct it, or remove it.
            '';
          }
        ];

      checkDevice =
        entry:
        let
          value = devices.${entry};
          known = value.controller != null && controllers ? ${value.controller};
        in
        [
          {
            assertion = value.port != null -> value.controller != null;
            message = ''
              ${device entry}.port is a port of a controller, and none is named. Set ${device entry}.controller, or remove the port.
            '';
          }
          {
            assertion = value.controller != null -> known;
            message = ''
              ${device entry}.controller is "${toString value.controller}", and there is no ${controller (toString value.controller)}. Declare it, or correct the name.
            '';
          }
          {
            assertion = known && value.port != null -> value.port <= ports value.controller;
            message = ''
              ${device entry}.port is ${toString value.port}, and ${controller value.controller} has ${toString (ports value.controller)} ports, from 1. Choose one of these.
            '';
          }
        ];
    in
    rules.onlyFor name guest
      [ "hvm" ]
      [
        "usb.emulate"
        "usb.version"
        "usb.emulatedDevices"
      ]
    ++ [
      {
        assertion = usb.version != null -> !hasBus;
        message = ''
          ${of "usb.version"} is set, and ${of "usb.emulate"} or ${of "usb.emulatedDevices"}: Xen has either that controller or that bus. Remove one.
        '';
      }
      {
        assertion = guest.graphics.spice.usbRedirection != null -> !hasBus;
        message = ''
          ${of "graphics.spice.usbRedirection"} is set, and ${of "usb.emulate"} or ${of "usb.emulatedDevices"}: Xen has either of them. Remove one.
        '';
      }
      {
        assertion = usb.emulate == false -> usb.emulatedDevices == [ ];
        message = ''
          ${of "usb.emulate"} is false, and ${of "usb.emulatedDevices"} are on that bus. Remove one.
        '';
      }
    ]
    ++ lib.optional (lib.length names > 1 && unplaced != [ ]) {
      assertion = false;
      message = ''
        Guest "${name}" has ${toString (lib.length names)} USB controllers, and some have no order: ${
          lib.concatMapStringsSep ", " controller unplaced
        }.
        Their numbers would change with every one that is added. Set order = 0 on the first, then 1, 2, and so on.
      '';
    }
    ++ rules.distinct names (entry: controllers.${entry}.order) (group: ''
      ${lib.concatMapStringsSep " and " controller group} have one order, ${
        toString controllers.${lib.head group}.order
      }. Give each its own.
    '')
    ++
      rules.distinct (lib.attrNames devices)
        (
          entry:
          let
            value = devices.${entry};
          in
          if value.controller == null || value.port == null then
            null
          else
            "${value.controller} ${toString value.port}"
        )
        (group: ''
          ${lib.concatMapStringsSep " and " device group} are both in port ${
            toString devices.${lib.head group}.port
          } of ${controller devices.${lib.head group}.controller}. Choose another for one.
        '')
    ++ lib.concatMap checkController names
    ++ lib.concatMap checkDevice (lib.attrNames devices);
in
lib.concatLists (lib.mapAttrsToList check guests)
++ lib.concatMap (uses: same uses ". Remove one.") byGuest
++
  same
    (map lib.head (
      lib.attrValues (
        lib.groupBy (use: "${use.name} ${address use}") (lib.filter (use: use.autostart) uses)
      )
    ))
    ", and the guests all start with the Dom0. Take it from all but one, or set autostart = false there."
