# One file of types/, evaluated until it fails.
{ name }:
(import ../offline {
  modules = [
    ./base.nix
    (./types + "/${name}")
  ];
}).evaluation
