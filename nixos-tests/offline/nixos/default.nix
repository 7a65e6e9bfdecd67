# The NixOS options that Domus' modules and templates set, with what NixOS makes of them.
[
  ./system.nix
  ./boot.nix
  ./networking.nix
  ./systemd.nix
  ./xen.nix
  ./elsewhere.nix
]
