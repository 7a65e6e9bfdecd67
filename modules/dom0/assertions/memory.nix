# A warning where what starts with the host is more than the host has.
{
  lib,
  guests,
  xen,
}:
let
  inherit (xen) hostMemory dom0Resources;
  sum = builtins.foldl' (sum: part: sum + part) 0;

  # What libxl asks Xen for beside the guest's own memory, in MiB (libxl_mem.c, libxl__domain_need_memory_calculate;
  # libxl_create.c, libxl__get_required_paging_memory): 1 or 2 MiB, 1 MiB for each vCPU, and for the map of its memory 4 KiB
  # for each MiB of a guest that is not PV, and as much of one that is, or has no hardware's page tables; what the
  # stub domain has; the sum in steps of 2 MiB.
  need =
    guest:
    let
      most = if guest.maxMemory == null then guest.memory else guest.maxMemory;
      vcpus = if guest.maxVcpus == null then guest.vcpus else guest.maxVcpus;
      paging = vcpus + (most + 255) / 256;
      extra = if guest.type == "pv" && guest.pvShim.enable != true then 1 else 2;
      inherit (guest.deviceModel) stubdomain;
      stub =
        if stubdomain.enable != true then
          0
        else if stubdomain.memory != null then
          stubdomain.memory
        else
          # LIBXL_LINUX_STUBDOM_MEM, in MiB.
          128;
    in
    evenly (guest.memory + paging + extra + stub);
  evenly = mib: (mib + 1) / 2 * 2;

  started = lib.filterAttrs (_: guest: guest.autostart.enable) guests;
  # Without dom0_mem the Dom0 has what the guests leave, and xl shrinks it.
  dom0 = dom0Resources.memory;
  # Xen's own tables: 32 bytes of struct page_info and 8 of the machine-to-physical map for each page of 4 KiB.
  own = (hostMemory * 40 + 4095) / 4096;
  total = sum (map need (lib.attrValues started)) + dom0 + own;
  parts =
    lib.mapAttrsToList (name: guest: "guest ${name} ${toString (need guest)}") started
    ++ lib.optional (dom0 != 0) "the Dom0 ${toString dom0} (virtualisation.xen.dom0Resources.memory)"
    ++ [ "Xen itself ${toString own}" ];
in
lib.optional (hostMemory != null && total > hostMemory) ''
  The guests that start with the host need ${toString total} MiB with what is beside them, and virtualisation.xen.hostMemory is ${toString hostMemory}:
  ${lib.concatStringsSep ", " parts}${
    lib.optionalString (
      dom0 == 0
    ) "; the Dom0's own memory is not counted, for virtualisation.xen.dom0Resources.memory is not set"
  }.
  Those that are started last will not start. Lower virtualisation.xen.guests.<name>.memory of some by ${toString (total - hostMemory)} MiB together, or set autostart = false there.
''
