# Whether, and when, a guest starts with the Dom0.
{ lib, ... }:
let
  unset = import ./unset.nix { inherit lib; };
  types = import ../../types.nix { inherit lib; };
  seconds = low: lib.types.ints.between low 86400;

  autostart = lib.types.submodule {
    options = {
      enable = lib.mkOption {
        type = lib.types.bool;
        default = false;
        example = true;
        description = ''
          Whether the guest is started when the host boots, and when it is first declared. `autostart = true` is the same as
          `autostart.enable = true`.
        '';
      };

      order = lib.mkOption {
        type = lib.types.ints.between 0 65535;
        default = 0;
        example = 10;
        description = ''
          Guests of a lower order are ready before those of a higher one are started; guests of one order start side by side.
          At shutdown it is the other way round. It has effect where `virtualisation.xen.autostartManager` is `"domus"`.
        '';
      };

      after = lib.mkOption {
        type = lib.types.listOf lib.types.str;
        default = [ ];
        example = [ "db" ];
        description = ''
          Names of guests that are ready before this one is started. Each must start with the host too. One that fails, or is
          not ready in its time, does not keep this one down: it is started then, and the failure is reported.
          It has effect where `virtualisation.xen.autostartManager` is `"domus"`.
        '';
      };

      delay = lib.mkOption {
        type = seconds 0;
        default = 0;
        example = 20;
        description = ''
          How long to wait before the guest is started, in seconds, once its turn has come. It has effect where
          `virtualisation.xen.autostartManager` is `"domus"`.
        '';
      };

      ready = {
        console = unset {
          type = types.pattern;
          example = "login: $";
          description = ''
            A regular expression (of Rust's `regex`) that a line of the guest's console matches once the guest is ready. What it
            says is read from `virtualisation.xen.domus.consoleLogs`. Without this, `xenstore` and `port` a guest
            is ready as soon as it is created; with more than one of them, when all hold.
          '';
        };

        xenstore = unset {
          type = types.xenstorePath;
          example = "data/ready";
          description = ''
            A path of xenstore that is there once the guest is ready. One without a slash in front is below the guest's own
            folder, where the guest itself may write in `data`: `xenstore-write data/ready 1`. That folder is not saved with the
            guest, so that nothing there is waited for when it is restored.
          '';
        };

        port = unset {
          type = lib.types.ints.between 1 65535;
          example = 22;
          description = ''
            A TCP port that the guest answers at once it is ready, at the first address of its networks that is known.
          '';
        };

        timeout = lib.mkOption {
          type = seconds 1;
          default = 300;
          example = 900;
          description = ''
            How long to wait until the guest is ready, in seconds. Then those that come after it are started all the same.
          '';
        };
      };
    };
  };
in
{
  options.autostart = lib.mkOption {
    type = lib.types.coercedTo lib.types.bool (enable: { inherit enable; }) autostart;
    default = false;
    example = lib.literalExpression ''{ enable = true; after = [ "db" ]; ready.port = 80; }'';
    description = ''
      Whether the guest is started when the host boots, and when it is first declared; and, where
      `virtualisation.xen.autostartManager` is `"domus"`, in which order. `true` and `false` are short for
      `{ enable = true; }` and `{ enable = false; }`. A guest that was stopped by hand stays stopped until the host boots.
    '';
  };
}
