{
  description = "A Xen Dom0 with declared guests";

  inputs.domus.url = "github:domus-xen/domus";
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
