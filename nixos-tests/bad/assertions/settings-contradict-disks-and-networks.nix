{
  virtualisation.xen.guests.web.settings = {
    disk = [ "/vmdisks/b.img,raw,xvdb,w" ];
    vif = [ "bridge=xenbr0" ];
  };
}
