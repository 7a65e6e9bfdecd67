{
  description = "Declared Xen guests on a NixOS Dom0";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      # nixpkgs' Xen is for this system only.
      system = "x86_64-linux";
      pkgs = nixpkgs.legacyPackages.${system}.extend self.overlays.default;

      templateNames = builtins.attrNames (builtins.readDir ./templates);
      templateFlake = name: import (./templates + "/${name}/flake.nix");

      # The program as the flake's own nixpkgs builds it: an older one's Rust may be too old for it.
      # The modules without the flake (`imports = [ ./modules ]`) build it with the system's nixpkgs.
      withPackage = path: {
        imports = [
          path
          {
            # By this key it is one module, however many of ours are imported.
            key = "domus-own-package";
            virtualisation.xen.domus.package = lib.mkDefault self.packages.${system}.domus;
          }
        ];
      };

      # What `nix flake init` gives must evaluate as it is.
      templateSystem =
        name:
        lib.nixosSystem {
          modules = [
            self.nixosModules.default
            (./templates + "/${name}/configuration.nix")
          ];
        };
    in
    {
      overlays.default = final: _: {
        domus = final.callPackage ./crates/domus/package.nix { };
      };

      nixosModules = {
        default = withPackage ./modules;
        dom0 = withPackage ./modules/dom0;
        domu = ./modules/domu;
      };

      packages.${system} = {
        default = self.packages.${system}.domus;
        inherit (pkgs) domus;
      };

      apps.${system}.default = {
        type = "app";
        program = lib.getExe pkgs.domus;
        meta.description = "Checks, plans and applies guests.json";
      };

      templates = lib.genAttrs templateNames (name: {
        path = ./templates + "/${name}";
        inherit (templateFlake name) description;
      });

      checks.${system} = {
        inherit (pkgs) domus;
      }
      // lib.mapAttrs' (name: lint: lib.nameValuePair "lint-${name}" lint) (
        import ./nixos-tests/lib/lints.nix { inherit pkgs; }
      )
      // lib.listToAttrs (
        map (
          name: lib.nameValuePair "template-${name}" (templateSystem name).config.system.build.toplevel
        ) templateNames
      )
      // lib.mapAttrs' (name: test: lib.nameValuePair "vm-${name}" (pkgs.testers.runNixOSTest test)) (
        import ./nixos-tests { inherit lib; }
      );

      devShells.${system}.default = import ./nixos-tests/lib/shell.nix { inherit pkgs; };

      formatter.${system} = pkgs.nixfmt-tree;
    };
}
