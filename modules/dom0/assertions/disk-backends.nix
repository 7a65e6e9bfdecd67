# Which software can serve a disk: what none of libxl's takes is refused when the guest starts
# (libxl__device_disk_setdefault in libxl_disk.c, disk_try_backend in libxl_device.c, libxl_dm.c).
{
  lib,
  guests,
  option,
  ...
}:
let
  backends = import ../backends.nix { inherit lib; };

  check =
    name: guest: disk: value:
    let
      of =
        path:
        option name "${
          lib.showOption [
            "disks"
            disk
          ]
        }${path}";
      inherit (value) format script backendType;
      virtio = value.specification == "virtio";
      hvmCd = value.cdrom && guest.type == "hvm";
      hasScript = script != null;
      isEmpty = value.path == null;
      # What libxl takes by itself; null where it tries one after the other.
      backend =
        if backendType != null then
          backendType
        else if virtio then
          "standalone"
        else if hvmCd || value.colo.enable then
          "qdisk"
        else
          null;
      # Of these a rule of its own tells.
      fits = (backend == "standalone") == virtio;
      special = backend == "standalone" || backend == "tap";
      takes =
        if backend == "qdisk" then
          true
        else if backend == "tap" then
          format == "raw" || format == "vhd"
        else if backend == null then
          !hasScript || format == "raw" || format == "vhd"
        else
          format == "raw";
      isDevice = lib.hasPrefix "/dev/" (toString (backends.file value));
      emulated = backends.emulated guest value;
      isHere = backends.isDom0 value.backend;
      hasStubdomain = guest.deviceModel.stubdomain.enable == true;
      told = emulated != null && !hasScript && isHere && !hasStubdomain;
    in
    [
      {
        assertion = backendType == "standalone" -> virtio;
        message = ''
          ${of ".backendType"} is "standalone", which serves virtio disks only.
          Set ${of ".specification"} = "virtio", or remove backendType.
        '';
      }
      {
        assertion = virtio -> backend == "standalone";
        message = ''
          ${of ".backendType"} is "${toString backendType}", and a virtio disk is served by "standalone" only.
          Set that, or remove ${of ".specification"}.
        '';
      }
      {
        assertion = hasScript -> !isEmpty;
        message = ''
          ${of ".script"} is set, and there is no path for it to make a device of. Set ${of ".path"}, or remove the script.
        '';
      }
      {
        assertion = fits && hasScript && !isEmpty -> backend != "qdisk" && backend != "standalone";
        message = ''
          ${of ".script"} is set, and ${
            if virtio then
              "what serves a virtio disk runs no script. Remove the script, or specification."
            else if backendType != null then
              "QEMU (backendType = \"qdisk\") runs none. Remove one of the two."
            else if hvmCd then
              "QEMU serves an HVM guest's CD drive, and runs none. Set ${of ".backendType"} = \"phy\", or remove the script."
            else
              "QEMU serves a disk with colo.enable, and runs none. Remove one of the two."
          }
        '';
      }
      {
        assertion = fits && special -> !hvmCd && !isEmpty;
        message = ''
          ${of (if virtio then ".specification" else ".backendType")} is "${
            if virtio then "virtio" else backend
          }", and ${
            if hvmCd then "an HVM guest's CD drive" else "a CD drive without a disc"
          } is served by "phy" or "qdisk" only. Remove it.
        '';
      }
      {
        assertion = fits && !isEmpty -> takes;
        message = ''
          ${of ".format"} is "${format}", and ${
            if backend == "tap" then
              "blktap (backendType = \"tap\") reads \"raw\" and \"vhd\" only"
            else if backend == "standalone" then
              "a virtio disk is \"raw\" only"
            else if backend == "phy" then
              "the kernel (backendType = \"phy\") serves \"raw\" disks only"
            else
              "what a script makes is a device"
          }. Set format = "raw"${if hasScript || virtio then "" else ", or backendType = \"qdisk\""}.
        '';
      }
      {
        assertion = fits && takes && isDevice && backendType == null -> format == "raw";
        message = ''
          ${of ".path"} is a device, ${value.path}, and its format is "${format}". Set format = "raw", or give the path of
          an image file; if there is such an image in the device, set ${of ".backendType"} = "qdisk".
        '';
      }
      {
        assertion = fits && value.colo.enable -> backend == "qdisk";
        message = ''
          ${of ".colo.enable"} is true, and only QEMU replicates a disk. Set ${of ".backendType"} = "qdisk"${lib.optionalString virtio ", and remove specification"}.
        '';
      }
      {
        # libxl looks past what another domain serves, unless QEMU has it from its own domain.
        assertion = emulated ? next && !isEmpty && (isHere || hasStubdomain) -> !value.readOnly;
        message = ''
          ${of ".readOnly"} is true, and QEMU has no ${toString emulated.kind} disk that is read-only: xl refuses the guest. Give the disk a vdev that
          is not emulated as one (sda, or ${emulated.next} and later), or set cdrom = true.
        '';
      }
      {
        assertion = told -> !lib.hasInfix "," (toString value.path);
        message = ''
          ${of ".path"} is "${toString value.path}", and a comma ends the file's name where libxl tells QEMU of an HVM guest's disk.
          Rename the file, or give a link to it.
        '';
      }
    ];
in
lib.concatLists (
  lib.concatLists (
    lib.mapAttrsToList (name: guest: lib.mapAttrsToList (check name guest) guest.disks) guests
  )
)
