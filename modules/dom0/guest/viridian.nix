# Interfaces of other hypervisors, for guests that were made for those.
{ lib, ... }:
let
  unset = import ./unset.nix { inherit lib; };
  groups = [
    "base"
    "freq"
    "time_ref_count"
    "reference_tsc"
    "hcall_remote_tlb_flush"
    "apic_assist"
    "crash_ctl"
    "synic"
    "stimer"
    "hcall_ipi"
    "ex_processor_masks"
    "no_vp_limit"
    "cpu_hotplug"
  ];
in
{
  options.viridian = unset {
    type = lib.types.either lib.types.bool (
      lib.types.listOf (
        lib.types.enum (
          [
            "all"
            "defaults"
          ]
          ++ groups
          ++ map (group: "!${group}") groups
        )
      )
    );
    example = [
      "all"
      "!freq"
    ];
    description = ''
      The interfaces of Microsoft's Hyper-V that an HVM guest sees, which make Windows faster: `true` is Xen's own choice of
      them (the same as `[ "defaults" ]`), a list names groups, and `!` before a group takes it out. Every other group
      needs `base`. `null` is none.
    '';
  };
}
