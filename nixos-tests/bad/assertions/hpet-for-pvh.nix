{
  virtualisation.xen.guests.web = {
    type = "pvh";
    time.hpet = true;
  };
}
