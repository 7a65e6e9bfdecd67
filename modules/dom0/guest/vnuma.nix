# The NUMA nodes that the guest sees.
{ lib, ... }:
let
  types = import ../../types.nix { inherit lib; };
  unset = import ./unset.nix { inherit lib; };

  node = lib.types.submodule {
    options = {
      pnode = lib.mkOption {
        type = lib.types.ints.unsigned;
        example = 0;
        description = "The host's NUMA node that this one is on; `xl info -n` shows them.";
      };

      memory = lib.mkOption {
        type = lib.types.ints.positive;
        example = 1024;
        description = "The node's memory in MiB. That of all nodes together is the guest's `memory`.";
      };

      vcpus = lib.mkOption {
        type = types.cpuRanges;
        example = "0-3";
        description = "The guest's vCPUs on this node: numbers and ranges, with commas between them.";
      };

      distances = unset {
        type = lib.types.listOf (lib.types.ints.between 1 255);
        example = [
          10
          20
        ];
        description = ''
          The distance from this node to each node, itself included, in the order of the list; none is less than that to
          itself. `null` is 10 to itself and 20 to each other.
        '';
      };
    };
  };
in
{
  options.vnuma = lib.mkOption {
    type = lib.types.listOf node;
    default = [ ];
    example = lib.literalExpression ''
      [
        { pnode = 0; memory = 1024; vcpus = "0-1"; }
        { pnode = 1; memory = 1024; vcpus = "2-3"; }
      ]
    '';
    description = ''
      The NUMA nodes that the guest sees, the first of which is its node 0. For PVH and HVM. A guest with virtual NUMA
      can be neither saved nor migrated.
    '';
  };
}
