{
  virtualisation.xen.guests.web = {
    firmware = {
      bios = "ovmf";
      bootOrder = [ "disk" ];
      hdType = "ahci";
      acpi = false;
      smbios.bios_vendor = "x";
    };
  };
}
