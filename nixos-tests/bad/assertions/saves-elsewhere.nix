{
  virtualisation.xen.domains.extraConfig = ''
    # XENDOMAINS_SAVE=/var/lib/xen/save
    XENDOMAINS_SAVE="/srv/save"
  '';
}
