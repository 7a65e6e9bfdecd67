# The failed assertions of every file in assertions/, and of the base, which has none.
let
  failed =
    module:
    (import ../offline {
      modules = [
        ./base.nix
        module
      ];
    }).evaluation.failedAssertions;
  files = builtins.attrNames (builtins.readDir ./assertions);
in
builtins.listToAttrs (
  map (name: {
    inherit name;
    value = failed (./assertions + "/${name}");
  }) files
)
// {
  "base.nix" = failed { };
}
