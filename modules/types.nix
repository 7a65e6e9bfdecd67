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
  # xl.cfg puts commas between the fields of a disk, and pygrub and the block scripts quote badly.
  plainFile =
    path:
    builtins.match "/([^,'\"\\[:cntrl:]]*[^,'\"\\/[:cntrl:]])" path != null
    && builtins.match "(.*/)?[.][.](/.*)?" path == null;
  matching = regex: described (lib.types.strMatching regex);
in
{
  vdev = matching "(xvd[a-z]{1,2}|hd[a-d]|sd[a-p])([1-9][0-9]?)?" "virtual disk name: xvda, xvdb, …; hda to hdd; sda to sdp; with or without a partition number";

  diskPath = described (lib.types.addCheck lib.types.str plainFile) "absolute path of a file or device, without comma, quote, backslash, line break or `..`: rename the file, or give a link to it";

  size = matching "[1-9][0-9]*(K|M|G|T|KiB|MiB|GiB|TiB)" "size: a whole number and a unit, as in 512MiB or 4GiB";

  label = matching "[A-Za-z0-9][A-Za-z0-9._-]{0,15}" "file system label: 1 to 16 letters, digits, dots, dashes or underscores, the first a letter or digit";

  # IFNAMSIZ is 16 with the terminating zero; a colon means an alias, a comma ends a field of xl.cfg.
  interface = matching "[A-Za-z0-9_.-]{1,15}" "network interface name: 1 to 15 letters, digits, dots, dashes or underscores";

  mac = matching "[0-9a-f][02468ace](:[0-9a-f]{2}){5}" "MAC address of one interface, in lower case, as in 00:16:3e:12:34:56";

  uuid = matching "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}" "UUID in lower case, as in 3f0e5c1a-7d3b-8c55-9a6e-2f0b6a1d4e77";

  addresses = matching "[0-9a-fA-F.:]+( [0-9a-fA-F.:]+)*" "IP address, or several with a space between them";

  cidr = matching "[0-9a-fA-F.:]+/[0-9]{1,3}" "IP address with the length of its prefix, as in 10.10.0.1/24";

  script = matching "[^,'\"\\ [:cntrl:]]+" "name of a script in /etc/xen/scripts, or its absolute path, without comma, quote or space";

  # A file to boot, mostly in the store; a path literal is copied there.
  bootFile = described (lib.types.addCheck lib.types.path (
    file: plainFile (toString file)
  )) "absolute path of a file, without comma, quote, backslash, line break or `..`";

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
