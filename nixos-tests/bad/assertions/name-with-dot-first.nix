{
  virtualisation.xen.guests.".web".kernel = "/boot/bzImage";
}
