{
  virtualisation.xen.guests.web.time.timerMode = "one_missed_tick_pending";
}
