# Network interfaces: each with an address and a place of its own.
{
  lib,
  guests,
  option,
  ...
}:
let
  backends = import ../backends.nix { inherit lib; };
  inherit (import ../in-order.nix { inherit lib; }) inOrder order;
  # xl's names, from crates/xl-cfg/src/vif/colo.rs.
  coloKeys = builtins.fromJSON (builtins.readFile ../colo-keys.json);

  # Why a text is no list of VLANs; null for one. Its shape is the type's business.
  badVlans =
    text:
    let
      terms = lib.splitString "/" text;
      numbers = map builtins.fromJSON (
        lib.filter (part: builtins.isString part && part != "") (builtins.split "[^0-9]+" text)
      );
      isSingle = term: builtins.match "[0-9]+[pu]?" term != null;
      primary = lib.filter (lib.hasSuffix "p") terms;
      last =
        term:
        let
          parts = map builtins.fromJSON (
            lib.filter (part: builtins.isString part && part != "") (builtins.split "[^0-9]+" term)
          );
        in
        if lib.hasInfix "+" term then
          lib.head parts + lib.elemAt parts 1 * lib.last parts
        else
          lib.last parts;
      first = term: builtins.fromJSON (lib.head (builtins.match "([0-9]+).*" term));
      isDown = term: lib.hasInfix "-" term && last term < first term;
    in
    if lib.any (number: number > 4094) (numbers ++ map last terms) then
      "a VLAN is a number from 1 to 4094"
    else if lib.any isDown terms then
      "a range goes up"
    else if lib.any (term: !isSingle term) primary then
      "only a single VLAN can be the one with p"
    else if lib.length primary != 1 && !(lib.length terms == 1 && isSingle text) then
      "exactly one VLAN is the one with p, as in 10p/20"
    else
      null;

  check =
    name: guest:
    let
      of =
        network:
        option name (
          lib.showOption [
            "networks"
            network
          ]
        );
      inherit (guest) networks;
      names = lib.attrNames networks;
      ofGroup = lib.concatMapStringsSep " and " (network: of network.name);

      # xl numbers them by their places in the list.
      listed = inOrder order (name: value: value // { inherit name; }) networks;
      numbered = lib.imap0 (
        index: network:
        network
        // {
          number = if network.devid != null then network.devid else index;
        }
      ) listed;
      sameNumber = lib.filter (
        group: lib.length group > 1 && lib.any (network: network.devid != null) group
      ) (lib.attrValues (lib.groupBy (network: toString network.number) numbered));
      named = lib.filter (network: network.vifname != null) listed;
      sameName = lib.filter (group: lib.length group > 1) (
        lib.attrValues (lib.groupBy (network: "${backends.domain network}:${network.vifname}") named)
      );
      unplaced = lib.filter (network: networks.${network}.order == null) names;
      collisions = lib.filter (group: lib.length group > 1) (
        lib.attrValues (
          lib.groupBy (network: toString networks.${network}.order) (lib.subtractLists unplaced names)
        )
      );
    in
    lib.optional (lib.length names > 1 && unplaced != [ ]) {
      assertion = false;
      message = ''
        Guest "${name}" has ${toString (lib.length names)} network interfaces, and some have no order: ${
          lib.concatMapStringsSep ", " of unplaced
        }.
        Which is the guest's first would change with every one that is added. Set order = 0 on the first, then 1, 2, and so on.
      '';
    }
    ++ map (group: {
      assertion = false;
      message = ''
        ${lib.concatMapStringsSep " and " of group} have one order, ${
          toString networks.${lib.head group}.order
        }. Give each its own.
      '';
    }) collisions
    ++ map (group: {
      assertion = false;
      message = ''
        ${ofGroup group} have one number, ${toString (lib.head group).number}: devid, or without it the place in the order, from 0.
        Give each its own devid.
      '';
    }) sameNumber
    ++ map (group: {
      assertion = false;
      message = ''
        ${ofGroup group} have one vifname, ${(lib.head group).vifname}. Give each its own.
      '';
    }) sameName
    ++ lib.concatMap (
      network:
      let
        value = networks.${network};
        unknown = lib.subtractLists coloKeys (lib.attrNames value.colo);
        vlans = if value.vlan == null then null else badVlans value.vlan;
      in
      [
        {
          assertion = value.type == "ioemu" -> guest.type == "hvm";
          message = ''
            ${of network}.type is "ioemu", an emulated card, and ${option name "type"} is "${guest.type}": only HVM guests have one. Remove it.
          '';
        }
        {
          assertion =
            value.vifname != null && guest.type == "hvm" && value.type != "vif"
            -> lib.stringLength value.vifname <= 11;
          message = ''
            ${of network}.vifname is "${toString value.vifname}", and the emulated card's interface is called "${toString value.vifname}-emu", which is longer
            than the 15 characters that Linux takes. Use at most 11, or set ${of network}.type = "vif".
          '';
        }
        {
          assertion = vlans == null;
          message = ''
            ${of network}.vlan is "${toString value.vlan}", and ${toString vlans}. Correct it.
          '';
        }
        {
          assertion = unknown == [ ];
          message = ''
            ${of network}.colo has names that xl does not know: ${lib.concatStringsSep ", " unknown}. Correct or remove them; modules/dom0/colo-keys.json has
            all of them.
          '';
        }
      ]
    ) names;

  uses = lib.concatLists (
    lib.mapAttrsToList (
      name: guest:
      lib.mapAttrsToList (network: value: {
        option = option name (
          lib.showOption [
            "networks"
            network
          ]
        );
        inherit (value) mac;
      }) guest.networks
    ) guests
  );
  shared = lib.filter (group: lib.length group > 1) (
    lib.attrValues (lib.groupBy (use: use.mac) uses)
  );

  # Xen's scripts take an interface that has the name already for the one to plug in.
  started = lib.filterAttrs (_: guest: guest.autostart.enable) guests;
  vifnames = lib.concatLists (
    lib.mapAttrsToList (
      name: guest:
      lib.mapAttrsToList (network: value: {
        guest = name;
        inherit (value) vifname;
        option = option name (
          lib.showOption [
            "networks"
            network
            "vifname"
          ]
        );
        place = "${backends.domain value}:${value.vifname}";
      }) (lib.filterAttrs (_: value: value.vifname != null) guest.networks)
    ) started
  );
  vifnamesOfTwo = lib.filter (group: lib.length (lib.unique (map (use: use.guest) group)) > 1) (
    lib.attrValues (lib.groupBy (use: use.place) vifnames)
  );
in
lib.concatLists (lib.mapAttrsToList check guests)
++ map (group: {
  assertion = false;
  message = ''
    ${
      lib.concatMapStringsSep " and " (use: "${use.option}.mac") group
    } are the same, ${(lib.head group).mac}: neither would be reached reliably.
    Remove one: each interface has an address of its own, derived from its name.
  '';
}) shared
++ map (group: {
  assertion = false;
  message = ''
    ${
      lib.concatMapStringsSep " and " (use: use.option) group
    } are the same, ${(lib.head group).vifname}, in guests that all start with the Dom0.
    Give each its own, or set autostart = false on all but one.
  '';
}) vifnamesOfTwo
