# The guest's own side: what NixOS needs to boot as a Xen guest, to show its
# console and to be logged in to.
{
  imports = [
    ./options.nix
    ./boot.nix
    ./disks.nix
    ./console.nix
    ./assertions.nix
  ];
}
