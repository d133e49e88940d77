#!/usr/bin/env bash
# Runs a command in a private copy of the tree, as an unprivileged user when started by root:
# PostgreSQL refuses to run as root, and a clone below /root is not readable for others.
#   scripts/as_unprivileged.sh COMMAND [ARGUMENT...]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/interruptible.sh

copy=$(mktemp -d "${TMPDIR:-/tmp}/rs2ddb-check-XXXXXX")
trap 'rm -rf "$copy"' EXIT
# Not the folder itself: others may make ./build meanwhile, and tar would call that a change.
find . -mindepth 1 -maxdepth 1 ! -name .git ! -name build ! -name .stack -print0 |
    tar -cf - --exclude='*.o' --null -T - | tar -xf - -C "$copy"

cd "$copy"
if [ "$(id -u)" -eq 0 ]; then
    chown -R postgres: "$copy"
    # Not runuser, which kills what has not ended two seconds after a SIGTERM.
    HOME="$copy" interruptible setpriv --reuid postgres --regid postgres --init-groups -- "$@"
else
    interruptible "$@"
fi
