# Which interfaces are plugged into a bridge.
{ lib }:
{
  # Xen's own scripts that route or translate, by name or path.
  unused =
    network:
    lib.elem (baseNameOf (toString network.script)) [
      "vif-route"
      "vif-nat"
    ];
}
