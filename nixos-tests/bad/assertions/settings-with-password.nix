{
  virtualisation.xen.guests.windows = {
    type = "hvm";
    disks.root.path = "/dev/vg0/windows";
    settings = {
      vncpasswd = "secret";
      vfb = [ "vnc=1,vncpasswd=secret" ];
    };
  };
}
