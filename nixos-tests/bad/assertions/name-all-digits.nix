{
  virtualisation.xen.guests."42".kernel = "/boot/bzImage";
}
