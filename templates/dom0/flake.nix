{
  description = "A Xen Dom0 with declared guests";

  # OWNER: wherever you took this template from.
  inputs.domus.url = "github:OWNER/domus";
  inputs.nixpkgs.follows = "domus/nixpkgs";

  outputs =
    { nixpkgs, domus, ... }:
    {
      nixosConfigurations.dom0 = nixpkgs.lib.nixosSystem {
        modules = [
          domus.nixosModules.dom0
          ./configuration.nix
        ];
      };
    };
}
