{
  virtualisation.xen.guests.web.channels.agent.path = "/run/agent.sock";
}
