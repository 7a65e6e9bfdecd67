# Which guest waits for which, and what tells that one is ready.
{
  lib,
  guests,
  option,
  consoleLogs,
  ...
}:
let
  started = lib.filterAttrs (_: guest: guest.autostart.enable) guests;
  # What a guest waits for, without what is no guest to wait for.
  waitsFor =
    name: lib.filter (other: other != name && started ? ${other}) started.${name}.autostart.after;

  # The shortest way from a guest back to itself: `genericClosure` goes breadth first.
  cycle =
    name:
    let
      steps =
        way:
        map (key: {
          inherit key;
          way = way ++ [ key ];
        });
      reached = builtins.genericClosure {
        startSet = steps [ name ] (waitsFor name);
        operator = at: steps at.way (waitsFor at.key);
      };
      back = lib.filter (at: at.key == name) reached;
    in
    if back == [ ] then null else (lib.head back).way;
  # Each cycle once: from the first of its names.
  cycles = lib.filter (way: way != null && lib.all (name: lib.head way <= name) way) (
    map cycle (lib.filter (name: waitsFor name != [ ]) (lib.attrNames started))
  );

  check =
    name: guest:
    let
      of = option name;
      inherit (guest.autostart)
        enable
        order
        after
        delay
        ready
        ;
      idle = lib.filter (path: path != null) [
        (if order != 0 then "order" else null)
        (if after != [ ] then "after" else null)
        (if delay != 0 then "delay" else null)
        (if ready.console != null then "ready.console" else null)
        (if ready.xenstore != null then "ready.xenstore" else null)
        (if ready.port != null then "ready.port" else null)
      ];
      again = lib.unique (lib.filter (other: lib.length (lib.filter (o: o == other) after) > 1) after);
    in
    lib.optional (!enable && idle != [ ]) {
      assertion = false;
      message = ''
        ${
          lib.concatMapStringsSep ", " (path: of "autostart.${path}") idle
        }: no effect without ${of "autostart.enable"}. Set autostart.enable = true, or remove what is set.
      '';
    }
    ++ [
      {
        assertion = again == [ ];
        message = ''
          ${of "autostart.after"} names ${lib.concatStringsSep ", " again} twice. Remove one.
        '';
      }
      {
        assertion = ready.port != null -> guest.networks != { };
        message = ''
          ${of "autostart.ready.port"} is set, and guest "${name}" has no network that it could answer on. Declare ${of "networks"}.<name>, or
          use ready.console or ready.xenstore.
        '';
      }
      {
        assertion = ready.console != null -> consoleLogs;
        message = ''
          ${of "autostart.ready.console"} is set, and virtualisation.xen.domus.consoleLogs.enable is false: what the guest says is read from there.
          Set it to true, or use ready.xenstore or ready.port.
        '';
      }
    ]
    ++ lib.concatMap (other: after' name guest other) (lib.unique after);

  after' =
    name: guest: other:
    let
      place = ''${option name "autostart.after"} names "${other}"'';
      its = guests.${other}.autostart.order;
    in
    [
      {
        assertion = other != name;
        message = ''
          ${place}, the guest itself. Remove it.
        '';
      }
      {
        assertion = guests ? ${other};
        message = ''
          ${place}, and there is no such guest, or it is not enabled. Correct the name, or remove it.
        '';
      }
      {
        assertion = other != name && guests ? ${other} -> started ? ${other};
        message = ''
          ${place}, which does not start with the Dom0. Set ${option other "autostart.enable"} = true, or remove it.
        '';
      }
      {
        assertion = other != name && guests ? ${other} -> its <= guest.autostart.order;
        message = ''
          ${place}, whose order is ${toString its}, and ${option name "autostart.order"} is ${toString guest.autostart.order}: by that "${name}" is started first.
          Raise it to at least ${toString its}, or remove "${other}" from after.
        '';
      }
    ];
in
lib.concatLists (lib.mapAttrsToList check guests)
++ map (way: {
  assertion = false;
  message = ''
    ${
      lib.concatMapStringsSep ", " (name: option name "autostart.after") (lib.unique way)
    }: each of these guests waits for the next, ${lib.concatStringsSep " -> " way}. Remove one of them.
  '';
}) cycles
