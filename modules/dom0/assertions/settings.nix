# `settings` is for what has no option of its own, and never for secrets.
{
  lib,
  guests,
  option,
  ...
}:
let
  # Keys of xl.cfg that an option sets.
  typed = {
    name = null;
    type = "type";
    builder = "type";
    uuid = "uuid";
    memory = "memory";
    maxmem = "maxMemory";
    vcpus = "vcpus";
    maxvcpus = "maxVcpus";
    bootloader = "bootloader";
    kernel = "kernel";
    ramdisk = "initrd";
    cmdline = "cmdline";
    root = "cmdline";
    extra = "cmdline";
    disk = "disks";
    vif = "networks";
    on_poweroff = "onPoweroff";
    on_reboot = "onReboot";
    on_crash = "onCrash";
  };
  secret = [
    "vncpasswd"
    "spicepasswd"
  ];
  holdsSecret =
    key: value:
    lib.elem key secret
    || lib.any (text: lib.isString text && lib.any (word: lib.hasInfix "${word}=" text) secret) (
      lib.flatten [ value ]
    );

  check =
    name: guest:
    let
      of =
        key:
        option name (
          lib.showOption [
            "settings"
            key
          ]
        );
    in
    lib.concatLists (
      lib.mapAttrsToList (key: value: [
        {
          assertion = builtins.match "[a-z][._0-9a-z]*" key != null;
          message = ''
            ${of key} is no key of xl.cfg: those are lower-case letters, digits, dots and underscores.
            See xl.cfg(5) for its name.
          '';
        }
        {
          assertion = !(typed ? ${key});
          message =
            if key == "name" then
              ''
                ${of key} contradicts the guest's name, "${name}". Remove it, or rename the guest in virtualisation.xen.guests.
              ''
            else
              ''
                ${of key} contradicts ${
                  option name (toString typed.${key} or "")
                }, which sets the same key of xl.cfg.
                Set ${toString typed.${key} or ""}, and remove the key from settings.
              '';
        }
        {
          assertion = !holdsSecret key value;
          message = ''
            ${of key} holds a password, which would be readable by everyone in the Nix store.
            Remove it; let the console listen on localhost only (vnclisten, spicehost) until passwords can come from a file.
          '';
        }
      ]) guest.settings
    )
    ++ [
      {
        assertion = guest.type != "hvm" -> !(guest.settings ? firmware);
        message = ''
          ${of "firmware"} is set, and ${option name "type"} is "${guest.type}". Only an HVM guest has firmware;
          for GRUB's Xen image set ${option name "bootloader"} = "pvgrub", and remove the key.
        '';
      }
    ];
in
lib.concatLists (lib.mapAttrsToList check guests)
