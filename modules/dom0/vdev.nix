# Positions of virtual disks: position 0 is xvda (or hda), 1 is xvdb…
{ lib }:
let
  letters = lib.stringToCharacters "abcdefghijklmnopqrstuvwxyz";
  indexOf = letter: lib.lists.findFirstIndex (l: l == letter) 0 letters;

  # Numbers as C reads them.
  numeral = "0x[0-9a-fA-F]{1,8}|0[0-7]{0,10}|[1-9][0-9]{0,9}";
  digits = lib.stringToCharacters "0123456789abcdef";
  inBase =
    base: text:
    builtins.foldl' (sum: digit: sum * base + lib.lists.findFirstIndex (d: d == digit) 0 digits) 0 (
      lib.stringToCharacters (lib.toLower text)
    );
  number =
    text:
    if lib.hasPrefix "0x" text then
      inBase 16 (lib.removePrefix "0x" text)
    else if lib.hasPrefix "0" text then
      inBase 8 text
    else
      inBase 10 text;

  # xen-vbd-interface(7) gives the numbers.
  ofNumber =
    number:
    let
      major = number / 256;
      low = lib.mod number 256;
      sixteenth = family: {
        inherit family;
        position = low / 16;
        partition = lib.mod low 16;
      };
      ide = first: {
        family = "hd";
        position = first + low / 64;
        partition = lib.mod low 64;
      };
    in
    if major / 1048576 == 1 then
      {
        family = "xvd";
        position = lib.mod major 1048576;
        partition = low;
      }
    else if major == 202 then
      sixteenth "xvd"
    else if major == 8 then
      sixteenth "sd"
    else if major == 3 && low < 128 then
      ide 0
    else if major == 22 && low < 128 then
      ide 2
    else
      {
        family = "number";
        position = number;
        partition = 0;
      };
in
rec {
  # The name at a position. A CD-ROM of an HVM guest is an IDE drive, of which there are four:
  # null beyond.
  at =
    {
      position,
      cdrom,
      type,
    }:
    let
      family = if cdrom && type == "hvm" then "hd" else "xvd";
      last = lib.elemAt letters (lib.mod position 26);
    in
    if family == "hd" && position > 3 then
      null
    else if position < 26 then
      "${family}${last}"
    else
      "${family}${lib.elemAt letters (position / 26 - 1)}${last}";

  # { family, position, partition } of a vdev in any of xl's spellings (libxl__device_disk_dev_number in libxl_device.c);
  # null for what is none.
  parse =
    vdev:
    let
      named = builtins.match "(xvd|hd|sd)([a-z]{1,5})([1-9][0-9]{0,2})?" vdev;
      byDisk = builtins.match "d(${numeral})p(${numeral})" vdev;
      limits = {
        xvd = {
          position = 1048575;
          partition = 255;
        };
        hd = {
          position = 3;
          partition = 63;
        };
        sd = {
          position = 15;
          partition = 15;
        };
      };
      parsed =
        if named != null then
          {
            family = lib.head named;
            position =
              builtins.foldl' (sum: letter: sum * 26 + indexOf letter + 1) 0 (
                lib.stringToCharacters (lib.elemAt named 1)
              )
              - 1;
            partition = if lib.elemAt named 2 == null then 0 else number (lib.elemAt named 2);
          }
        else if byDisk != null then
          {
            family = "xvd";
            position = number (lib.head byDisk);
            partition = number (lib.last byDisk);
          }
        else if builtins.match "(${numeral})" vdev != null then
          ofNumber (number vdev)
        else
          null;
      limit = limits.${parsed.family} or null;
    in
    if
      parsed == null
      || limit == null && parsed.position > 2147483647
      || limit != null && (parsed.position > limit.position || parsed.partition > limit.partition)
    then
      null
    else
      parsed;

  # What decides where a disk stands among the guest's disks; the first that is no CD-ROM is the one that boots.
  rank =
    disk:
    let
      position = if disk.order != null then disk.order else (parse disk.vdev).position;
    in
    if disk.cdrom then 1000 + position else position;
}
