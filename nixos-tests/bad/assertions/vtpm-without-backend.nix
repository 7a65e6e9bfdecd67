{
  virtualisation.xen.guests.web.vtpm.uuid = "6d7e3a0c-3b0f-4a55-9d0e-2b8f6f3c0009";
}
