{
  virtualisation.xen.guests.web.deviceModel.args = [ "a\nb" ];
}
