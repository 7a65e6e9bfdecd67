# Both sides. Neither does anything until it is enabled, so that one import serves a Dom0 and its guests.
{
  imports = [
    ./dom0
    ./domu
  ];
}
