# A test whose build asks for no KVM: QEMU emulates the processor (xen-node.nix says why).
{ config, lib, ... }:
{
  test = lib.mkForce (
    config.rawTestDerivation.overrideAttrs (previous: {
      requiredSystemFeatures = lib.remove "kvm" previous.requiredSystemFeatures;
    })
  );
}
