# Ceilings that are below what they are ceilings of.
{
  lib,
  guests,
  option,
  ...
}:
lib.concatLists (
  lib.mapAttrsToList (name: guest: [
    {
      assertion = guest.maxMemory == null || guest.maxMemory >= guest.memory;
      message = ''
        ${option name "maxMemory"} is ${toString guest.maxMemory} MiB, less than ${option name "memory"}, ${toString guest.memory} MiB.
        Raise maxMemory to at least ${toString guest.memory}, or remove it.
      '';
    }
    {
      assertion = guest.maxVcpus == null || guest.maxVcpus >= guest.vcpus;
      message = ''
        ${option name "maxVcpus"} is ${toString guest.maxVcpus}, less than ${option name "vcpus"}, ${toString guest.vcpus}.
        Raise maxVcpus to at least ${toString guest.vcpus}, or remove it.
      '';
    }
  ]) guests
)
