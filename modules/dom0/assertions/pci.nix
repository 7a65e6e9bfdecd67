# PCI devices: libxl_create.c, libxl_x86.c and xl-pci-configuration(5).
{
  lib,
  guests,
  option,
  rules,
  ...
}:
let
  # Domain, bus and device in one spelling, and the function.
  parse =
    bdf:
    let
      parts = builtins.match "(([0-9a-f]{4}):)?([0-9a-f]{2}:[0-9a-f]{2})[.](.)" (lib.toLower bdf);
      domain = lib.elemAt parts 1;
    in
    {
      slot = "${if domain == null then "0000" else domain}:${lib.elemAt parts 2}";
      function = lib.elemAt parts 3;
    };
  # A name stands for one device, of which the address is known to xl alone.
  placed =
    value:
    if value.bdf != null then
      parse value.bdf
      // {
        field = "bdf";
        device = value.bdf;
      }
    else
      {
        slot = "name ${value.assignableName}";
        function = "*";
        field = "assignableName";
        device = value.assignableName;
      };
  overlap =
    a: b: a.slot == b.slot && (a.function == b.function || a.function == "*" || b.function == "*");

  # Every use of a device, by its address or its name.
  uses = lib.concatLists (
    lib.mapAttrsToList (
      name: guest:
      lib.mapAttrsToList
        (
          device: value:
          placed value
          // {
            inherit name;
            autostart = guest.autostart.enable;
            option = option name (
              lib.showOption [
                "pci"
                "devices"
                device
              ]
            );
          }
        )
        (lib.filterAttrs (_: device: device.bdf != null || device.assignableName != null) guest.pci.devices)
    ) guests
  );
  # Each with those behind it in the list; only those of one slot are compared.
  pairs = lib.concatMap (
    group:
    lib.concatLists (
      lib.imap0 (
        n: a:
        map (b: { inherit a b; }) (
          lib.filter (b: overlap a b && (a.name == b.name || a.autostart && b.autostart)) (
            lib.genList (m: lib.elemAt group (n + 1 + m)) (lib.length group - n - 1)
          )
        )
      ) group
    )
  ) (lib.attrValues (lib.groupBy (use: use.slot) uses));

  check =
    name: guest:
    let
      of = option name;
      inherit (guest) pci type;
      names = lib.attrNames pci.devices;
      device =
        entry:
        of (
          lib.showOption [
            "pci"
            "devices"
            entry
          ]
        );
      unplaced = lib.filter (
        entry: pci.devices.${entry}.order == null && pci.devices.${entry}.vslot == null
      ) names;
      disabled = pci.passthrough == "disabled";
      wanted = names != [ ] || pci.passthrough != null && !disabled;
      together = message: group: ''
        ${lib.concatMapStringsSep " and " device group} ${message group}. Give each its own.
      '';
    in
    rules.onlyFor name guest
      [ "hvm" ]
      [
        "pci.powerManagement"
        "pci.gfxPassthru"
        "pci.rdm.strategy"
        "pci.rdm.policy"
        "pci.rdm.memBoundary"
      ]
    ++ rules.onlyFor name guest [ "pv" ] [ "pci.e820Host" ]
    ++ [
      {
        assertion = (pci.rdm.strategy == null) == (pci.rdm.policy == null);
        message = ''
          ${of "pci.rdm.strategy"} and ${of "pci.rdm.policy"} go together, and one is not set: xl would read it from nowhere.
          Set both, or neither.
        '';
      }
      {
        assertion = wanted -> type != "pvh";
        message = ''
          Guest "${name}" has PCI devices (${of "pci"}), and its type is "pvh": Xen gives them to PV and HVM guests only. Remove them, or change
          ${of "type"}.
        '';
      }
      {
        assertion = disabled -> names == [ ];
        message = ''
          ${of "pci.passthrough"} is "disabled", and guest "${name}" has pci.devices. Remove one of them.
        '';
      }
      {
        assertion = pci.passthrough == "share_pt" -> type != "pv";
        message = ''
          ${of "pci.passthrough"} is "share_pt", which is not for PV guests. Set it to "sync_pt" or "enabled".
        '';
      }
      {
        assertion = type == "hvm" && wanted && guest.maxMemory != null -> guest.maxMemory <= guest.memory;
        message = ''
          ${of "maxMemory"} is ${toString guest.maxMemory} MiB, more than ${of "memory"}, and an HVM guest with PCI devices has all of its memory
          from the start. Remove maxMemory, or raise memory.
        '';
      }
      {
        assertion = pci.gfxPassthru != null && pci.gfxPassthru != false -> names != [ ];
        message = ''
          ${of "pci.gfxPassthru"} is set, and guest "${name}" has no device that could be the graphics card. Declare it in ${of "pci.devices"}.<name>.
        '';
      }
      {
        assertion = type == "pv" && pci.e820Host == false -> names == [ ];
        message = ''
          ${of "pci.e820Host"} is false, and a PV guest with a PCI device always sees the host's memory map. Remove it.
        '';
      }
    ]
    ++ lib.optional (lib.length names > 1 && unplaced != [ ]) {
      assertion = false;
      message = ''
        Guest "${name}" has ${toString (lib.length names)} PCI devices, and some have neither order nor vslot: ${
          lib.concatMapStringsSep ", " device unplaced
        }.
        Where the guest finds them would change with every one that is added. Set order = 0 on the first, then 1, 2, and so on.
      '';
    }
    ++ rules.distinct names (entry: pci.devices.${entry}.order) (
      together (group: "have one order, ${toString pci.devices.${lib.head group}.order}")
    )
    ++ rules.distinct names (entry: pci.devices.${entry}.vslot) (
      together (
        group: "are both in slot ${toString pci.devices.${lib.head group}.vslot} of guest \"${name}\""
      )
    )
    ++ lib.concatMap (
      entry:
      let
        value = pci.devices.${entry};
      in
      rules.onlyFor name guest [ "hvm" ] (
        map
          (field: [
            "pci"
            "devices"
            entry
            field
          ])
          [
            "powerManagement"
            "rdmPolicy"
          ]
      )
      ++ [
        {
          assertion = value.bdf != null || value.assignableName != null;
          message = ''
            ${device entry} says nothing of which device it is. Set ${device entry}.bdf, as lspci -D shows it, or assignableName.
          '';
        }
        {
          assertion = value.bdf == null || value.assignableName == null;
          message = ''
            ${device entry}.assignableName is in place of bdf, and that is set too. Remove one.
          '';
        }
      ]
    ) names;
in
lib.concatLists (lib.mapAttrsToList check guests)
++ map (pair: {
  assertion = false;
  message =
    if pair.a.name == pair.b.name then
      ''
        ${pair.a.option}.${pair.a.field} and ${pair.b.option}.${pair.b.field} are the same device, ${pair.b.device}. Remove one.
      ''
    else
      ''
        ${pair.a.option}.${pair.a.field} and ${pair.b.option}.${pair.b.field} are the same device, ${pair.b.device}, and both guests start with the Dom0.
        Take it from one, or set autostart = false there.
      '';
}) pairs
