# Firmware and device models: libxl_create.c and xl_parse.c.
{
  lib,
  guests,
  option,
  rules,
  ...
}:
let
  # xl.cfg(5), `smbios`.
  smbios = [
    "bios_vendor"
    "bios_version"
    "system_manufacturer"
    "system_product_name"
    "system_version"
    "system_serial_number"
    "baseboard_manufacturer"
    "baseboard_product_name"
    "baseboard_version"
    "baseboard_serial_number"
    "baseboard_asset_tag"
    "baseboard_location_in_chassis"
    "enclosure_manufacturer"
    "enclosure_serial_number"
    "enclosure_asset_tag"
    "battery_manufacturer"
    "battery_device_name"
  ];

  check =
    name: guest:
    let
      of = option name;
      inherit (guest) firmware deviceModel pvShim;
      twice = lib.filter (
        device: lib.length (lib.filter (other: other == device) firmware.bootOrder) > 1
      ) (lib.unique firmware.bootOrder);
      hasStubdomain = deviceModel.stubdomain.enable == true;
      unknown = lib.subtractLists smbios (lib.attrNames firmware.smbios);
    in
    rules.onlyFor name guest
      [ "hvm" ]
      [
        "firmware.bios"
        "firmware.biosPath"
        "firmware.hvmloader"
        "firmware.bootOrder"
        "firmware.hdType"
        "firmware.acpiTables"
        "firmware.smbiosTables"
        "firmware.smbios"
        "firmware.oemStrings"
        "deviceModel.argsHvm"
        "deviceModel.stubdomain.enable"
      ]
    ++
      rules.onlyFor name guest
        [
          "hvm"
          "pvh"
        ]
        [ "firmware.acpi" ]
    ++
      rules.onlyFor name guest
        [
          "pvh"
          "pv"
        ]
        [ "deviceModel.argsPv" ]
    ++ rules.onlyFor name guest [ "pvh" ] [ "pvShim.enable" ]
    ++ rules.needs name guest (pvShim.enable == true) "pvShim.enable" [
      "pvShim.path"
      "pvShim.cmdline"
      "pvShim.extra"
    ]
    ++ rules.needs name guest hasStubdomain "deviceModel.stubdomain.enable" [
      "deviceModel.stubdomain.kernel"
      "deviceModel.stubdomain.ramdisk"
      "deviceModel.stubdomain.cmdline"
      "deviceModel.stubdomain.memory"
    ]
    ++ [
      {
        assertion = firmware.bios == "rombios" -> deviceModel.version == "qemu-xen-traditional";
        message = ''
          ${of "firmware.bios"} is "rombios", which qemu-xen does not run. Set it to "seabios", or ${of "deviceModel.version"} to
          "qemu-xen-traditional" where Xen still has it.
        '';
      }
      {
        assertion = firmware.biosPath != null -> firmware.bios != null;
        message = ''
          ${of "firmware.biosPath"} is set, and xl has to be told which firmware the file holds. Set ${of "firmware.bios"} too.
        '';
      }
      {
        assertion = twice == [ ];
        message = ''
          ${of "firmware.bootOrder"} has ${lib.concatStringsSep " and " twice} more than once, which QEMU refuses. Remove all but one.
        '';
      }
      {
        assertion = unknown == [ ];
        message = ''
          ${of "firmware.smbios"} has names that SMBIOS has not: ${lib.concatStringsSep ", " unknown}. Rename or remove them; there are
          ${lib.concatStringsSep ", " smbios};
          OEM strings are ${of "firmware.oemStrings"}.
        '';
      }
      {
        assertion = lib.length firmware.oemStrings <= 99;
        message = ''
          ${of "firmware.oemStrings"} has ${toString (lib.length firmware.oemStrings)} strings, and xl takes 99. Remove some.
        '';
      }
      {
        assertion = deviceModel.user != null -> deviceModel.restrict == true;
        message = ''
          ${of "deviceModel.user"} is set, and without ${of "deviceModel.restrict"} = true the QEMU of this user has all its power over Xen still.
          Set that, or remove the user.
        '';
      }
    ];
  users = lib.filter (name: guests.${name}.deviceModel.user != null) (lib.attrNames guests);
in
lib.concatLists (lib.mapAttrsToList check guests)
++ rules.distinct users (name: guests.${name}.deviceModel.user) (group: ''
  ${lib.concatMapStringsSep " and " (name: option name "deviceModel.user") group} are the same, ${
    guests.${lib.head group}.deviceModel.user
  }: whoever breaks into one QEMU has the other. Give each its own.
'')
