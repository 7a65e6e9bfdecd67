# Names that a guest had, and guests that cannot be saved.
{
  lib,
  guests,
  option,
  ...
}:
let
  # As names.nix has it.
  isName =
    name:
    builtins.match "[A-Za-z0-9][A-Za-z0-9_.-]*" name != null
    && lib.stringLength name <= 63
    && builtins.match "[0-9]+" name == null
    && name != "Domain-0";

  claims = lib.concatLists (
    lib.mapAttrsToList (
      guest: value: map (name: { inherit guest name; }) (lib.unique value.previousNames)
    ) guests
  );
  contested = lib.filter (group: lib.length group > 1) (
    lib.attrValues (lib.groupBy (claim: claim.name) claims)
  );

  # libxl refuses to save a guest with vnuma (libxl_dom_save.c, libxl__domain_save). It does save one with a PCI device,
  # whose state is in no save file and whose owner after a boot is the host; and one with nomigrate, which was
  # promised a time stamp counter that never jumps (libxl_cpuid.c, libxl__cpuid_legacy).
  unsavable =
    guest:
    lib.optional (guest.pci.devices != { } || guest.settings ? pci) (
      if guest.pci.devices != { } then "pci.devices" else "settings.pci"
    )
    ++ lib.optional (guest.vnuma != [ ] || guest.settings ? vnuma) (
      if guest.vnuma != [ ] then "vnuma" else "settings.vnuma"
    )
    ++ lib.optional (isOn (guest.settings.nomigrate or false)) "settings.nomigrate";
  isOn =
    value:
    !(lib.elem value [
      false
      0
      "0"
    ]);

  check =
    name: guest:
    let
      of = option name;
      reasons = unsavable guest;
      wrong = lib.unique (lib.filter (previous: !isName previous) guest.previousNames);
      declared = lib.unique (
        lib.filter (previous: previous != name && guests ? ${previous}) guest.previousNames
      );
      again = lib.unique (
        lib.filter (
          previous: lib.length (lib.filter (other: other == previous) guest.previousNames) > 1
        ) guest.previousNames
      );
    in
    [
      {
        assertion = guest.onHostShutdown == "save" -> reasons == [ ];
        message = ''
          Guest "${name}" has ${
            lib.concatMapStringsSep " and " of reasons
          }, and such a guest cannot be saved and restored, as
          ${of "onHostShutdown"} = "save" (the default) asks for when the host goes down. Set it to "shutdown".
        '';
      }
      {
        assertion = wrong == [ ];
        message = ''
          ${of "previousNames"} has what no guest can be called: ${
            lib.concatMapStringsSep ", " builtins.toJSON wrong
          }. Correct or remove it.
        '';
      }
      {
        assertion = !lib.elem name guest.previousNames;
        message = ''
          ${of "previousNames"} has the guest's own name, "${name}". Remove it.
        '';
      }
      {
        assertion = again == [ ];
        message = ''
          ${of "previousNames"} has ${lib.concatStringsSep ", " again} twice. Remove one.
        '';
      }
    ]
    ++ map (previous: {
      assertion = false;
      message = ''
        ${of "previousNames"} has "${previous}", and a guest is declared by that name (${
          lib.showOption [
            "virtualisation"
            "xen"
            "guests"
            previous
          ]
        }). Remove it, or rename that guest.
      '';
    }) declared;
in
lib.concatLists (lib.mapAttrsToList check guests)
++ map (group: {
  assertion = false;
  message = ''
    ${
      lib.concatMapStringsSep " and " (claim: option claim.guest "previousNames") group
    } both have "${(lib.head group).name}": what was called so can be one of them only. Remove it from all but one.
  '';
}) contested
