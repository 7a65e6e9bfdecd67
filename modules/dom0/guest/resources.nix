# What a guest gets of the host: memory and processors.
{ lib, ... }:
{
  options = {
    memory = lib.mkOption {
      type = lib.types.ints.positive;
      default = 512;
      example = 2048;
      description = "Memory in MiB. Raised or lowered within `maxMemory`, it changes while the guest runs.";
    };

    maxMemory = lib.mkOption {
      type = lib.types.nullOr lib.types.ints.positive;
      default = null;
      example = 4096;
      description = ''
        The most memory, in MiB, that the guest can have without being booted again. `null` means `memory`.
        An HVM guest without a balloon driver does not survive a `maxMemory` above its `memory`.
      '';
    };

    vcpus = lib.mkOption {
      type = lib.types.ints.between 1 512;
      default = 1;
      example = 4;
      description = "Virtual processors. Within `maxVcpus` the number changes while the guest runs.";
    };

    maxVcpus = lib.mkOption {
      type = lib.types.nullOr (lib.types.ints.between 1 512);
      default = null;
      example = 8;
      description = "The most virtual processors that the guest can have without being booted again. `null` means `vcpus`.";
    };
  };
}
