{
  virtualisation.xen.guests.web.time.rtcOffset = "an hour";
}
