{
  virtualisation.xen.guests = {
    "a.c".kernel = "/boot/bzImage";
    abc-1.kernel = "/boot/bzImage";
  };
}
