{
  virtualisation.xen.guests."a/b".kernel = "/boot/bzImage";
}
