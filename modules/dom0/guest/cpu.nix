# On which of the host's processors the guest runs, how much of them it gets, and what they look like.
{ lib, ... }:
let
  types = import ../../types.nix { inherit lib; };
  unset = import ./unset.nix { inherit lib; };
  affinity = lib.types.either types.cpus (lib.types.listOf types.cpus);
in
{
  options.cpu = {
    cpus = unset {
      type = affinity;
      example = [
        "2"
        "3-5,^4"
      ];
      description = ''
        The host's processors that the guest's vCPUs may run on: one string for all of them, or a list with one string a
        vCPU, the first for vCPU 0. A string is numbers and ranges with commas between them (`"0-3,5,^1"`); `^` takes out,
        `node:1` means all processors of a NUMA node, and `all` every processor. `null` pins none.
      '';
    };

    cpusSoft = unset {
      type = affinity;
      example = "node:0";
      description = ''
        The processors that the vCPUs prefer, written as in `cpu.cpus`. They still run on others when these are busy.
      '';
    };

    pool = unset {
      type = types.word;
      example = "Pool-node0";
      description = "The cpupool that the guest runs in; `xl cpupool-list` names them. `null` is `Pool-0`.";
    };

    weight = unset {
      type = lib.types.ints.between 1 65535;
      example = 512;
      description = ''
        The guest's share where processors are scarce: one with 512 gets twice as much as one with 256, which is what
        `null` means. The schedulers credit and credit2 honour it.
      '';
    };

    cap = unset {
      type = lib.types.ints.between 0 65535;
      example = 150;
      description = ''
        The most processor time that the guest can use, in percent of one processor: 50 is half of one, 400 is four. It
        holds even where the host is idle. 0, and `null`, mean no limit.
      '';
    };

    cpuid = unset {
      type = lib.types.either types.cpuidFlags (lib.types.listOf types.cpuidLeaf);
      example = "host,tm=0,sse3=0";
      description = ''
        What the guest sees of the processor's features: `"host"` and, with commas, features with `1` (there), `0` (not
        there), `x` (Xen decides) or `k` (as the host); or a list of leaves with 32 such bits, as xl.cfg(5) says.
      '';
    };

    nestedHvm = unset {
      type = lib.types.bool;
      example = true;
      description = ''
        Whether the guest may run virtual machines itself. For PVH and HVM; the Xen project gives it no security support.
      '';
    };
  };
}
