# What every file in assertions/ and warnings/ is told, and the base, which is told nothing: the
# failed assertions or the warnings.
{
  # The folder, "assertions" or "warnings".
  folder,
}:
let
  said =
    module:
    let
      inherit
        (import ../offline {
          modules = [
            ./base.nix
            module
          ];
        })
        evaluation
        ;
    in
    if folder == "assertions" then evaluation.failedAssertions else evaluation.warnings;
  directory = ./. + "/${folder}";
in
builtins.listToAttrs (
  map (name: {
    inherit name;
    value = said (directory + "/${name}");
  }) (builtins.attrNames (builtins.readDir directory))
)
// {
  "base.nix" = said { };
}
