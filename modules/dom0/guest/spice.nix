# SPICE, for HVM guests.
{ lib, ... }:
let
  types = import ../../types.nix { inherit lib; };
  unset = import ./unset.nix { inherit lib; };
  port = lib.types.ints.between 1 65535;
in
{
  options.graphics.spice = {
    enable = unset {
      type = lib.types.bool;
      example = true;
      description = ''
        Whether the screen of an HVM guest is served by SPICE. xl serves none where QEMU runs in a domain of its own
        (`deviceModel.stubdomain.enable`).
      '';
    };

    host = unset {
      type = types.listenAddress;
      example = "127.0.0.1";
      description = "The Dom0's address that SPICE is served at. `null` is every address.";
    };

    port = unset {
      type = port;
      example = 6000;
      description = "The TCP port. SPICE needs this or `graphics.spice.tlsPort`.";
    };

    tlsPort = unset {
      type = port;
      example = 6001;
      description = "The TCP port for encrypted connections; QEMU's certificates are set by `deviceModel.args`.";
    };

    disableTicketing = unset {
      type = lib.types.bool;
      example = true;
      description = "Whether clients connect without a password. SPICE needs this or `graphics.spice.passwordFile`.";
    };

    passwordFile = unset {
      type = types.secretFile;
      example = "/run/keys/windows-spice";
      description = ''
        A file that holds the password for SPICE, on one line, without comma, of at most 59 bytes. As
        `graphics.vnc.passwordFile`, it never reaches the Nix store. xl itself, however, gives this password to QEMU on its
        command line, which every user of the Dom0 can read.
      '';
    };

    agentMouse = unset {
      type = lib.types.bool;
      example = false;
      description = "Whether the guest's agent moves the pointer for the client. xl's own choice is `true`.";
    };

    vdagent = unset {
      type = lib.types.bool;
      example = true;
      description = "Whether the guest's agent (spice-vdagent, which must run there) can reach the client.";
    };

    clipboardSharing = unset {
      type = lib.types.bool;
      example = true;
      description = "Whether text and images can be copied between client and guest. It needs `graphics.spice.vdagent`.";
    };

    usbRedirection = unset {
      type = lib.types.ints.between 1 4;
      example = 4;
      description = "How many USB devices of the client can be lent to the guest.";
    };

    imageCompression = unset {
      type = lib.types.enum [
        "auto_glz"
        "auto_lz"
        "quic"
        "glz"
        "lz"
        "off"
      ];
      example = "auto_glz";
      description = "How images are compressed. `null` is QEMU's own choice.";
    };

    streamingVideo = unset {
      type = lib.types.enum [
        "filter"
        "all"
        "off"
      ];
      example = "filter";
      description = "Which parts of the screen are sent as video. `null` is QEMU's own choice.";
    };
  };
}
