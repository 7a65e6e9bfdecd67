{
  virtualisation.xen.guests.web.settings.firmware = "pvgrub64";
}
