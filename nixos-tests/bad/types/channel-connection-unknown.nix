{
  virtualisation.xen.guests.web.channels.agent.connection = "tcp";
}
