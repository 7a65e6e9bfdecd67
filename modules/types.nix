# The option types that both sides share.
{ lib }:
{
  # What Linux and Xen call a virtual disk: xvda, xvda1, hda, sdb…
  vdev = lib.types.strMatching "(xvd[a-z]{1,2}|hd[a-d]|sd[a-p])([1-9][0-9]?)?" // {
    description = "virtual disk name (xvda, xvdb, …; hda to hdd; sda to sdp; with a partition number or without)";
  };
}
