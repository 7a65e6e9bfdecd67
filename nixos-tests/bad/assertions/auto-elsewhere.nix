{
  virtualisation.xen.domains.extraConfig = ''
    XENDOMAINS_AUTO_ONLY=false
    export XENDOMAINS_AUTO=/srv/auto
  '';
}
