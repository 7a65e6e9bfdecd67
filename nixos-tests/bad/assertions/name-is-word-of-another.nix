{
  virtualisation.xen.guests.web-01.kernel = "/boot/bzImage";
}
