{
  virtualisation.xen.guests.Domain-0.kernel = "/boot/bzImage";
}
