{
  virtualisation.xen.guests.web.graphics.keymap = "de";
}
