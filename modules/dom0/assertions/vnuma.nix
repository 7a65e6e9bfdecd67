# Virtual NUMA nodes: libxl_vnuma.c and libxl_create.c.
{
  lib,
  guests,
  option,
  rules,
  ...
}:
let
  # The vCPUs of "0-3,5"; those of a range that goes down are none, which leaves them on no node.
  vcpusOf =
    text:
    lib.concatMap (
      part:
      let
        ends = map number (lib.splitString "-" part);
        first = lib.head ends;
        last = lib.last ends;
      in
      # A larger guest does not exist, and the list is made.
      if last < first then
        [ ]
      else if last > 4096 then
        [ last ]
      else
        lib.genList (n: first + n) (last - first + 1)
    ) (lib.splitString "," text);
  # JSON knows no leading zeros.
  number = text: builtins.fromJSON (lib.head (builtins.match "0*([0-9]+)" text));
  show = lib.concatMapStringsSep ", " toString;

  check =
    name: guest:
    let
      of = option name;
      nodes = guest.vnuma;
      sum = builtins.foldl' (sum: node: sum + node.memory) 0 nodes;
      memory = if guest.maxMemory == null then guest.memory else guest.maxMemory;
      count = if guest.maxVcpus == null then guest.vcpus else guest.maxVcpus;
      placed = lib.concatMap (node: vcpusOf node.vcpus) nodes;
      wanted = lib.genList lib.id count;
      missing = lib.subtractLists placed wanted;
      unknown = lib.unique (lib.subtractLists wanted placed);
      twice = lib.filter (vcpu: lib.length (lib.filter (other: other == vcpu) placed) > 1) wanted;
      node =
        index: node:
        let
          own = lib.elemAt node.distances index;
        in
        lib.optional (node.distances != null) {
          assertion = lib.length node.distances == lib.length nodes && lib.all (d: d >= own) node.distances;
          message = ''
            ${of "vnuma"}, node ${toString index}: distances is to have one number for each of the ${toString (lib.length nodes)} nodes, itself included,
            and none is less than that to itself. Correct it, or remove it for 10 to itself and 20 to each other.
          '';
        };
    in
    rules.onlyFor name guest
      [
        "hvm"
        "pvh"
      ]
      [ "vnuma" ]
    ++ lib.optionals (nodes != [ ]) (
      [
        {
          assertion = sum == memory;
          message = ''
            The nodes of ${of "vnuma"} have ${toString sum} MiB together, and guest "${name}" has ${toString memory}. Make them the same.
          '';
        }
        {
          assertion = memory == guest.memory;
          message = ''
            ${of "maxMemory"} is ${toString memory} MiB, and a guest with vnuma starts with all of its memory, not with ${toString guest.memory}.
            Remove maxMemory, or vnuma.
          '';
        }
        {
          assertion = unknown == [ ];
          message = ''
            ${of "vnuma"} has vCPUs that guest "${name}" does not: ${show unknown}. It has ${toString count}, from 0. Correct them, or raise
            ${of "maxVcpus"}.
          '';
        }
        {
          assertion = missing == [ ];
          message = ''
            ${of "vnuma"} has no node for vCPU ${show missing} of guest "${name}", which has ${toString count}. Add it to the vcpus of one node, or
            lower ${of "maxVcpus"}.
          '';
        }
        {
          assertion = twice == [ ];
          message = ''
            ${of "vnuma"} has vCPU ${show twice} of guest "${name}" on more than one node. Take it from all but one.
          '';
        }
      ]
      ++ lib.concatLists (lib.imap0 node nodes)
    );
in
lib.concatLists (lib.mapAttrsToList check guests)
