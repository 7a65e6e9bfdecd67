{
  virtualisation.xen.guests.web.deviceModel.stubdomain.enable = true;
}
