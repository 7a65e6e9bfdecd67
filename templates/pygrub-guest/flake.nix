{
  description = "A NixOS guest (domU) that pygrub boots";

  # OWNER: wherever you took this template from.
  inputs.domus.url = "github:OWNER/domus";
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
