{
  virtualisation.xen.guests.web = {
    firmware = {
      bios = "ovmf";
      bootOrder = [ "disk" ];
      hdType = "ahci";
      acpi = true;
      smbios.bios_vendor = "x";
    };
  };
}
