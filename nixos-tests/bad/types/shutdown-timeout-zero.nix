{
  virtualisation.xen.guests.web.shutdownTimeout = 0;
}
