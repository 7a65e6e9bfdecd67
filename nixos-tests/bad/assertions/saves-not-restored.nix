{
  virtualisation.xen.domains.extraConfig = "XENDOMAINS_RESTORE=false";
}
