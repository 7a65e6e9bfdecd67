{
  description = "A NixOS guest (domU) that pygrub boots";

  inputs.domus.url = "github:domus-xen/domus";
  inputs.nixpkgs.follows = "domus/nixpkgs";

  outputs =
    { nixpkgs, domus, ... }:
    {
      nixosConfigurations.pygrub-guest = nixpkgs.lib.nixosSystem {
        modules = [
          domus.nixosModules.domu
          ./configuration.nix
        ];
      };
    };
}
