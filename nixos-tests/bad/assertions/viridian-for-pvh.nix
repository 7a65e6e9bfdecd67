{
  virtualisation.xen.guests.web = {
    type = "pvh";
    viridian = true;
  };
}
