{
  virtualisation.xen.guests.web.deviceModel.argsHvm = [ "-S" ];
}
