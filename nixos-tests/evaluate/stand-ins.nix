# Packages that Domus or a Xen Dom0 asks for, where the others are stand-ins too.
{ config, lib, ... }:
let
  given = config.nixpkgs.pkgs;
  standIn = name: given.runCommand name { meta.mainProgram = name; };

  linuxPackages = given.linuxPackages // {
    kernel = given.linuxPackages.kernel // {
      # systemd-boot, which a Xen Dom0 boots by, asks for it.
      features.efiBootStub = true;
    };
    extend = _: linuxPackages;
  };

  packages = given // {
    inherit linuxPackages;
    callPackage = lib.callPackageWith packages;
    domus = standIn "domus" "";
    grub2_pvgrub_image = standIn "grub2_xen_image" "";
    grub2_pvhgrub_image = standIn "grub2_xen_pvh_image" "";
    # What is in our own is looked at; a system's initrd has packages that are no stand-ins.
    makeInitrdNG =
      { name, contents, ... }:
      standIn name (lib.optionalString (name == "micro-guest") (builtins.toJSON contents));
    # The real one runs shellcheck.
    writeShellApplication = { name, ... }: standIn name "";
  };
in
{
  _module.args.pkgs = lib.mkOverride 40 packages;
}
