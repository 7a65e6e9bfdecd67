# A NixOS guest (domU) that pygrub boots, on any Xen host.
# Its boot disk is the host's xvda (label NIXBOOT), its root disk xvdb (label NIXROOT).
{
  virtualisation.xenGuest = {
    enable = true;
    bootloader = "pygrub";
    boot.vdev = "xvda";
    root.vdev = "xvdb";
  };

  networking.hostName = "pygrub-guest";

  services.openssh.enable = true;
  users.users.root.openssh.authorizedKeys.keys = [
    # "ssh-ed25519 AAAA… you@example.org"
  ];

  nixpkgs.hostPlatform = "x86_64-linux";
  system.stateVersion = "26.05";
}
