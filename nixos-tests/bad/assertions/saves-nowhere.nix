{
  virtualisation.xen.domains.extraConfig = "XENDOMAINS_SAVE=";
}
