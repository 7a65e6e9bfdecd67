{
  virtualisation.xen.guests.web.channels.agent.connection = "socket";
}
