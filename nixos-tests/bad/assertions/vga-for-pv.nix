{
  virtualisation.xen.guests.web.graphics.vga = "stdvga";
}
