//! Installs what a verb needs: Debian packages, as root; else says the one line to run.
