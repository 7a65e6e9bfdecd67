# `settings` is for what no option says, and never for secrets.
{
  lib,
  guests,
  option,
  ...
}:
let
  # Keys of xl.cfg that belong to an option: crates/guest-spec/src/lower/keys.rs, and written from there.
  owned = builtins.fromJSON (builtins.readFile ../owned-keys.json);
  # Of these an option always has its say, set or not.
  always = [
    "builder"
    "disk"
    "maxmem"
    "maxvcpus"
    "name"
    "vif"
  ];
  # Whether the option that a key belongs to is set: where it is not, the key may say what the option cannot.
  contradicts =
    guest: key:
    lib.elem key always
    || (key == "kernel" && guest.bootloader != "firmware" && guest.bootloader != "pygrub")
    || (key == "firmware" && guest.type != "hvm")
    || !lib.elem (lib.attrByPath (lib.splitString "." owned.${key}) null guest) [
      null
      [ ]
      { }
    ];
  secret = [
    "vncpasswd"
    "spicepasswd"
  ];
  holdsSecret =
    key: value:
    lib.elem key secret
    || lib.any (
      text:
      lib.isString text
      && (
        builtins.match "(.*,)?[ \t]*(vncpasswd|spicepasswd)[ \t]*=.*" text != null
        || (lib.hasPrefix "device_model_args" key && argumentHoldsSecret text)
      )
    ) (lib.flatten [ value ]);
  # QEMU's own options for passwords.
  argumentHoldsSecret =
    text: lib.hasInfix "password=" text || (lib.hasInfix "secret," text && lib.hasInfix "data=" text);

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
          # A password is told below what to do with it.
          assertion = !(owned ? ${key}) || holdsSecret key value || !contradicts guest key;
          message =
            if key == "name" then
              ''
                ${of key} contradicts the guest's name, "${name}". Remove it, or rename the guest in virtualisation.xen.guests.
              ''
            else if key == "firmware" && guest.type != "hvm" then
              ''
                ${of key} is set, and ${option name "type"} is "${guest.type}". Only an HVM guest has firmware;
                for GRUB's Xen image set ${option name "bootloader"} = "pvgrub", and remove the key.
              ''
            else
              ''
                ${of key} contradicts ${option name owned.${key}}, which sets the same key of xl.cfg.
                Set ${owned.${key}}, and remove the key from settings.
              '';
        }
        {
          assertion = !holdsSecret key value;
          message = ''
            ${of key} holds a password, which would be readable by everyone in the Nix store.
            Write the password into a file outside the store, set ${option name "graphics.vnc.passwordFile"} or
            ${option name "graphics.spice.passwordFile"} to that file's path, and remove the key.
          '';
        }
      ]) guest.settings
    )
    ++
      map
        (args: {
          assertion = !lib.any argumentHoldsSecret guest.deviceModel.${args};
          message = ''
            ${option name "deviceModel.${args}"} holds a password, which would be readable by everyone in the Nix store.
            Remove it, and set ${option name "graphics.vnc.passwordFile"} or ${option name "graphics.spice.passwordFile"}.
          '';
        })
        [
          "args"
          "argsPv"
          "argsHvm"
        ];
in
lib.concatLists (lib.mapAttrsToList check guests)
