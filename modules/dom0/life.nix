# The parts of a guest's entry in guests.json that say when it starts, and what becomes of it: what is not as usual.
{ lib, value }:
let
  differing = usual: lib.filterAttrs (name: field: field != usual.${name});
  set = lib.filterAttrs (_: field: field != { });
  inherit (value) autostart;
in
set {
  startup =
    differing
      {
        order = 0;
        after = [ ];
        delaySeconds = 0;
        ready = { };
      }
      {
        inherit (autostart) order after;
        delaySeconds = autostart.delay;
        ready =
          differing
            {
              console = null;
              xenstore = null;
              port = null;
              timeoutSeconds = 300;
            }
            {
              inherit (autostart.ready) console xenstore port;
              timeoutSeconds = autostart.ready.timeout;
            };
      };

  lifecycle =
    differing
      {
        onChange = "live";
        shutdownTimeoutSeconds = 300;
        onTimeout = "keep";
        onRemove = "shutdown";
        onStaleSave = "restore";
        onHostShutdown = "save";
        previousNames = [ ];
      }
      {
        inherit (value)
          onChange
          onTimeout
          onRemove
          onStaleSave
          onHostShutdown
          previousNames
          ;
        shutdownTimeoutSeconds = value.shutdownTimeout;
      };
}
