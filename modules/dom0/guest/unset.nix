# An option that, left out, writes no key of xl.cfg: what xl does then is xl's to say.
{ lib }:
{
  type,
  example,
  description,
}:
lib.mkOption {
  type = lib.types.nullOr type;
  default = null;
  inherit example description;
}
