{
  virtualisation.xen.guests.a-name-that-goes-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on.kernel =
    "/boot/bzImage";
}
