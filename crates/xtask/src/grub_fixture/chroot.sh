# Runs NixOS's install-grub.pl on a tree that stands for a guest, in mount namespace and chroot of its own, so that
# /proc/self/mountinfo says what it would say in the guest: install-grub.pl reads the names of the disks there.
#   chroot.sh STAGE ROOT-DEVICE BOOT-DEVICE SYSTEM     (an empty BOOT-DEVICE: /boot is a folder of the root disk)
set -eu
stage=$1 root_device=$2 boot_device=$3 system=$4
root=$stage/root
mkdir "$root"

mount -t tmpfs "$root_device" "$root"
cp -a "$stage/tree/." "$root/"
mkdir -p "$root/boot" "$root/proc" "$root/usr" "$root/tmp" "$root/dev"
for folder in bin sbin lib lib64; do
    [ ! -e "/$folder" ] || ln -s "usr/$folder" "$root/$folder"
done
mount --rbind /usr "$root/usr"
mount --rbind /proc "$root/proc"
[ -z "$boot_device" ] || mount -t tmpfs "$boot_device" "$root/boot"

# A generation's date in the menu is that of its link.
for link in "$root"/nix/var/nix/profiles/system-*-link; do
    number=${link##*/system-}
    touch -h -d "2026-01-0${number%-link}T00:00:00Z" "$link"
done

env -i TZ=UTC LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin \
    chroot "$root" perl /install-grub.pl /grub-config.xml "$system"
cp "$root/boot/grub/grub.cfg" "$stage/grub.cfg"
