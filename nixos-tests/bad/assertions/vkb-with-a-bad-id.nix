{
  virtualisation.xen.guests.web.vkb."a,b".backendType = "qemu";
}
