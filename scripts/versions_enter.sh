#!/usr/bin/env bash
# Runs a command in a root folder, in a mount namespace of its own: nothing stays mounted. The present folder is there
# under the same path, and so is the machine's Node.js.
#   scripts/versions_enter.sh ROOT COMMAND...
set -euo pipefail
root=$1
shift
exec unshare -m --propagation private bash -c '
    root=$1 here=$2
    shift 2
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    mkdir -p "$root$here"
    mount --bind "$here" "$root$here"
    cp /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null
    touch "$root/usr/bin/node"
    mount --bind "$(readlink -f "$(command -v node)")" "$root/usr/bin/node"
    exec chroot "$root" env -C "$here" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"
' enter "$root" "$PWD" "$@"
