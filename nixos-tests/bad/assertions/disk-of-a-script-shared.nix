{
  virtualisation.xen.guests =
    let
      disks.lun = {
        path = "iqn.2001-05.org.example:lun0";
        script = "block-iscsi";
      };
    in
    {
      db = {
        kernel = "/boot/bzImage";
        inherit disks;
      };
      mail = {
        kernel = "/boot/bzImage";
        inherit disks;
      };
    };
}
