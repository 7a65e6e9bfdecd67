{
  virtualisation.xen.guests = {
    a.kernel = "/boot/bzImage";
    b.kernel = "/boot/bzImage";
    a.uuid = "11111111-2222-8333-8444-555555555555";
    b.uuid = "11111111-2222-8333-8444-555555555555";
  };
}
