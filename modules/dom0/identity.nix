# UUIDs and MAC addresses that stay the same at every evaluation, derived from
# a seed (the host) and names.
{ lib }:
let
  digits =
    seed: names:
    builtins.hashString "sha256" (
      builtins.toJSON (
        [
          "domus"
          seed
        ]
        ++ names
      )
    );
  slice = start: length: lib.substring start length;
in
{
  # RFC 9562, version 8 (its own derivation), variant 8.
  uuid =
    seed: guest:
    let
      hash = digits seed [ guest ];
    in
    lib.concatStringsSep "-" [
      (slice 0 8 hash)
      (slice 8 4 hash)
      "8${slice 12 3 hash}"
      "8${slice 15 3 hash}"
      (slice 18 12 hash)
    ];

  # Xen's own prefix, then three bytes of the hash.
  mac =
    seed: guest: network:
    let
      hash = digits seed [
        guest
        network
      ];
    in
    lib.concatStringsSep ":" [
      "00"
      "16"
      "3e"
      (slice 0 2 hash)
      (slice 2 2 hash)
      (slice 4 2 hash)
    ];
}
