{
  virtualisation.xen.guests.web.kernel = "/boot/bz\nImage";
}
