# Option types that say in the error message what is wanted. The description ends
# the sentence "A definition for option `…' is not of type".
{ lib }:
let
  described =
    type: description:
    type
    // {
      inherit description;
      descriptionClass = "noun";
    };
  # pygrub and the block scripts quote badly.
  anyFile =
    path:
    builtins.match "/([^'\"\\[:cntrl:]]*[^'\"\\/[:cntrl:]])" path != null
    && builtins.match "(.*/)?[.][.]?(/.*)?" path == null
    && !lib.hasInfix "//" path;
  # xl.cfg puts commas between the fields of a device.
  plainFile = path: anyFile path && !lib.hasInfix "," path;
  cpuItem = "(\\^?(nodes?:)?[0-9]+(-[0-9]+)?|(nodes?:)?all)";
  cpuidRegister = "e[abcd]x=[01xks]{32}";
  matching = regex: described (lib.types.strMatching regex);

  octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
  ipv4Cidr = "${octet}([.]${octet}){3}/(3[0-2]|[12]?[0-9])";
  ipv6Group = "[0-9a-fA-F]{1,4}";
  ipv6Groups = "${ipv6Group}(:${ipv6Group}){0,6}";
  ipv6Cidr = "((${ipv6Group}:){7}${ipv6Group}|(${ipv6Groups})?::(${ipv6Groups})?)/(12[0-8]|1[01][0-9]|[1-9]?[0-9])";
  rateInterval = "(@[1-9][0-9]*(s|ms?|us?)?)?";
  vlanTerm = "[1-9][0-9]{0,3}(-[1-9][0-9]{0,3}|[+][1-9][0-9]{0,3}x[1-9][0-9]{0,3})?[pu]?";
  oneLine = text: builtins.match "[^[:cntrl:]]+" text != null;
  # `::` stands for one group at least.
  atMostEightGroups =
    text:
    let
      groups = lib.filter (group: group != "") (
        lib.splitString ":" (lib.head (lib.splitString "/" text))
      );
    in
    !lib.hasInfix "::" text || lib.length groups <= 7;
in
{
  vdev = matching "(xvd[a-z]{1,2}|hd[a-d]|sd[a-p])([1-9][0-9]?)?" "virtual disk name: xvda, xvdb, …; hda to hdd; sda to sdp; with or without a partition number";

  # As xl spells it: what decides is libxl__device_disk_dev_number.
  diskVdev =
    described
      (lib.types.addCheck lib.types.str (
        vdev: (import ./dom0/vdev.nix { inherit lib; }).parse vdev != null
      ))
      "virtual disk name: xvda, xvdb, …; hda to hdd; sda to sdp; with or without a partition number; or in xl's other spellings, as in d0p0 or 51712";

  diskPath = described (lib.types.addCheck lib.types.str anyFile) "absolute path of a file or device, without quote, backslash, line break, `..`, `/./` or `//`: rename the file, or give a link to it";

  # What only a script or a driver domain understands.
  diskTarget = described (lib.types.addCheck lib.types.str oneLine) "string of one line, by which script, or the domain of backend, knows the disk";

  size = matching "[1-9][0-9]*(K|M|G|T|KiB|MiB|GiB|TiB)" "size: a whole number and a unit, as in 512MiB or 4GiB";

  label = matching "[A-Za-z0-9][A-Za-z0-9._-]{0,15}" "file system label: 1 to 16 letters, digits, dots, dashes or underscores, the first a letter or digit";

  # IFNAMSIZ is 16 with the terminating zero; a colon means an alias, a comma ends a field of xl.cfg.
  interface = described (lib.types.addCheck (lib.types.strMatching "[A-Za-z0-9_.-]{1,15}") (
    name: name != "." && name != ".."
  )) "network interface name: 1 to 15 letters, digits, dots, dashes or underscores";

  # vif-openvswitch cuts it up.
  openvswitchBridge = matching "[A-Za-z0-9_-]{1,15}([.][0-9]{1,4})?(:[0-9]{1,4})*" "bridge of Open vSwitch: its name of 1 to 15 letters, digits, dashes or underscores, then its VLAN and the VLANs of the trunk, if any, as in ovs0.10:20:30";

  rate = matching "[1-9][0-9]*[GMK]?[Bb]/s${rateInterval}" "rate: a whole number and a unit, as in 10Mb/s (bits) or 250KB/s (bytes), with an interval if need be, as in 1MB/s@20ms";

  vlans = matching "${vlanTerm}(/${vlanTerm})*" "list of VLANs with slashes between them, as in 10p/20/100-110u/200+10x4";

  mac = matching "[0-9a-f][02468ace](:[0-9a-f]{2}){5}" "MAC address of one interface, in lower case, as in 00:16:3e:12:34:56";

  uuid = matching "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}" "UUID in lower case, as in 3f0e5c1a-7d3b-8c55-9a6e-2f0b6a1d4e77";

  addresses = matching " *[0-9a-fA-F.:/]+( +[0-9a-fA-F.:/]+)* *" "IP address, or several with a space between them";

  cidr = described (lib.types.addCheck (lib.types.strMatching "${ipv4Cidr}|${ipv6Cidr}") atMostEightGroups) "IP address with the length of its prefix, as in 10.10.0.1/24 or fd00::1/64";

  script = matching "[^,'\"\\ [:cntrl:]]+" "name of a script in /etc/xen/scripts, or its absolute path, without comma, quote or space";

  # A file to boot, mostly in the store; a path literal is copied there.
  bootFile = described (lib.types.addCheck lib.types.path (
    file: plainFile (toString file)
  )) "absolute path of a file, without comma, quote, backslash, line break, `..`, `/./` or `//`";

  # What libxl's parse_cpurange takes, but for the order of a range.
  cpus = matching "${cpuItem}(,${cpuItem})*" "set of the host's processors, as in \"0-3,^1\", \"node:0\" or \"all\"";

  cpuRanges = matching "[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*" "set of vCPUs, as in \"0-3,5\"";

  cpuidFlags = matching "host(,[a-z0-9_.-]+=[0-9a-z]+)*" "\"host\", followed by features of the processor as in \"host,tm=0,sse3=0\"";

  cpuidLeaf = matching "(0x)?[0-9a-fA-F]+(,(0x)?[0-9a-fA-F]+)?:${cpuidRegister}(,${cpuidRegister})*" "leaf of CPUID with registers of 32 bits each, as in \"1:ecx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx0\"";

  bdf = matching "([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[01][0-9a-fA-F][.]([0-7]|[*])" "PCI device, as in \"0000:03:00.0\", \"03:00.0\" or, for all functions of it, \"03:00.*\"";

  # One field of a device string, or a name.
  word = matching "[A-Za-z0-9][A-Za-z0-9_.:-]*" "name of letters, digits, dots, colons, dashes or underscores, the first a letter or digit";

  # To libxl digits alone are a number: "00" is the Dom0, and so is what 32 bits cut down to zero.
  domain = described (lib.types.addCheck (lib.types.strMatching "[A-Za-z0-9][A-Za-z0-9_.-]*") (
    domain: builtins.match "[0-9]+" domain == null || builtins.match "0|[1-9][0-9]{0,4}" domain != null
  )) "name or number of a domain, a number with at most five digits and no zero in front";

  field = matching "[^,='\"\\ [:cntrl:]]+" "string without comma, equals sign, quote, backslash or space";

  # A colon would say a display or port once more; IPv6 in brackets is nothing that xl can tell from it.
  listenAddress = matching "[A-Za-z0-9.-]+" "IPv4 address or host name";

  # Which it is, `domus check` asks the library that reads it.
  pattern = described (lib.types.addCheck lib.types.singleLineStr oneLine) "regular expression of one line, not empty";

  # xenstored's is_valid_nodename.
  xenstorePath = matching "/?[A-Za-z0-9@_-]+(/[A-Za-z0-9@_-]+)*" "path of xenstore: names of letters, digits, dashes, underscores and @, with slashes between them";

  argument = described (lib.types.addCheck lib.types.singleLineStr oneLine) "string of one line";

  # One value of a device string.
  deviceValue = described (lib.types.addCheck lib.types.str (
    text: oneLine text && !lib.hasInfix "," text
  )) "string of one line without a comma";

  # xl.cfg splits these at the equals sign.
  sharePath = described (lib.types.addCheck lib.types.str (
    path: plainFile path && !lib.hasInfix "=" path
  )) "absolute path without comma, equals sign, quote, backslash, line break, `..`, `/./` or `//`";

  # A path literal, or anything that Nix made, is in the store or goes there.
  secretFile =
    described
      (lib.types.addCheck lib.types.str (
        path: plainFile path && !builtins.hasContext path && !lib.hasPrefix builtins.storeDir path
      ))
      "absolute path of a file outside the Nix store, as a string: \"/run/keys/vnc\" in quotes, not a path that Nix would copy into the store, which everyone can read";

  # One value of xl.cfg: a list may hold lists (vnuma, vsnd).
  xlValue =
    let
      atom = lib.types.oneOf [
        lib.types.bool
        lib.types.int
        lib.types.singleLineStr
      ];
      element = lib.types.either lib.types.int lib.types.singleLineStr;
    in
    described (lib.types.either atom (lib.types.listOf (lib.types.either element (lib.types.listOf element)))) "value of xl.cfg: a string of one line, an integer, a boolean or a list";
}
