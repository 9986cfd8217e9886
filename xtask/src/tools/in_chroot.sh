# Runs a program in a chroot that sees some folders of this machine, at the same paths inside:
#
#     unshare --mount --pid --fork --kill-child sh in_chroot.sh ROOT FOLDER... -- PROGRAM ARGUMENT...
#
# `unshare` starts it in a mount namespace of its own, so nothing that is mounted here is ever seen by another process,
# and all of it is gone when the last process in here is. However this ends, there is nothing to unmount, and deleting
# ROOT never reaches into /dev, /proc or the folders. `--pid` and `--kill-child` see to it that whatever was started in
# here ends with `unshare`.
set -eu
root=$1
shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do
    mkdir -p "$root$1"
    mount --rbind "$1" "$root$1"
    shift
done
shift
chroot=$(command -v chroot || echo /usr/sbin/chroot)
unset TMPDIR
export HOME=/root LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# shellcheck disable=SC2016 # expanded by the shell inside
exec "$chroot" "$root" /bin/sh -c 'cd "$0" && exec "$@"' "$PWD" "$@"
