#!/usr/bin/env bash
# Installs the Debian packages that are missing of those in the given lists, one name a line.
#   scripts/apt_install.sh LIST...
set -euo pipefail

missing=()
while read -r package; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] ||
        missing+=("$package")
done < <(cat "$@")
[ ${#missing[@]} -gt 0 ] || exit 0

echo "installing Debian packages: ${missing[*]}"
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
log=$(mktemp)
# In runlevel 1 no service is started by its installation: ours are private processes.
if ! "${as_root[@]}" apt-get update -q >"$log" 2>&1 ||
    ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -q \
        --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
    tail -20 "$log" >&2
    echo "could not install Debian packages: see above" >&2
    exit 1
fi
rm -f "$log"
