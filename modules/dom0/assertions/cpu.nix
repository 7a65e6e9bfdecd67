# Processors, clocks and what is seen of them: xl_parse.c, libxl_sched.c and libxl_x86.c.
{
  lib,
  guests,
  option,
  rules,
  ...
}:
let
  check =
    name: guest:
    let
      of = option name;
      inherit (guest) cpu viridian;
      vcpus = if guest.maxVcpus == null then guest.vcpus else guest.maxVcpus;
      affinity = path: list: {
        assertion = builtins.isList list -> lib.length list <= vcpus;
        message = ''
          ${of path} has ${toString (lib.length list)} entries, one a vCPU, and guest "${name}" has ${toString vcpus} vCPUs.
          Remove those beyond, or raise ${of "maxVcpus"}.
        '';
      };
      # The last word on `base`.
      base = builtins.foldl' (
        on: group:
        if
          lib.elem group [
            "all"
            "defaults"
            "base"
          ]
        then
          true
        else if group == "!base" then
          false
        else
          on
      ) false;
    in
    rules.onlyFor name guest
      [ "hvm" ]
      [
        "time.hpet"
        "time.vptAlign"
        "viridian"
      ]
    ++
      rules.onlyFor name guest
        [
          "hvm"
          "pvh"
        ]
        [
          "cpu.nestedHvm"
          "time.timerMode"
        ]
    ++ [
      (affinity "cpu.cpus" cpu.cpus)
      (affinity "cpu.cpusSoft" cpu.cpusSoft)
      {
        assertion = cpu.cap == null || cpu.cap <= 100 * vcpus;
        message = ''
          ${of "cpu.cap"} is ${toString cpu.cap} percent, more than the ${toString vcpus} vCPUs of guest "${name}" can use. Lower it to at
          most ${toString (100 * vcpus)}, or remove it for no limit.
        '';
      }
      {
        assertion =
          builtins.isList viridian && lib.any (group: group != "base" && !lib.hasPrefix "!" group) viridian
          -> base viridian;
        message = ''
          ${of "viridian"} has groups without "base", which every other one needs. Add "base" to it.
        '';
      }
    ];
in
lib.concatLists (lib.mapAttrsToList check guests)
