# Positions of virtual disks: position 0 is xvda (or hda), 1 is xvdb…
{ lib }:
let
  letters = lib.stringToCharacters "abcdefghijklmnopqrstuvwxyz";
  indexOf = letter: lib.lists.findFirstIndex (l: l == letter) 0 letters;
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

  # { family, position, partition } of a name that the type `vdev` let pass.
  parse =
    vdev:
    let
      parts = builtins.match "(xvd|hd|sd)([a-z])([a-z]?)([0-9]*)" vdev;
      first = lib.elemAt parts 1;
      second = lib.elemAt parts 2;
    in
    {
      family = lib.head parts;
      position = if second == "" then indexOf first else (indexOf first + 1) * 26 + indexOf second;
      partition = lib.elemAt parts 3;
    };

  # What decides where a disk stands among the guest's disks; the first that is no CD-ROM is the one that boots.
  rank =
    disk:
    let
      position = if disk.order != null then disk.order else (parse disk.vdev).position;
    in
    if disk.cdrom then 1000 + position else position;
}
