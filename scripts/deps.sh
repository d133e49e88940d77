#!/usr/bin/env bash
# Installs what the project needs on Debian 12 and is missing: Debian packages, and the npm
# packages of the stand-ins (lock file). Does nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
while read -r package; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] ||
        missing+=("$package")
done <scripts/packages.txt
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)

if [ ${#missing[@]} -gt 0 ]; then
    echo "installing Debian packages: ${missing[*]}"
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    if ! "${as_root[@]}" apt-get update -q >"$log" 2>&1 ||
        ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
            --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
        tail -20 "$log" >&2
        echo "could not install Debian packages: see above" >&2
        exit 1
    fi
    rm -f "$log"
fi

if ! cmp -s test/stack/package-lock.json test/stack/node_modules/.rs2ddb-installed; then
    echo "installing npm packages of the stand-ins"
    npm ci --prefix test/stack --no-audit --no-fund --loglevel=error
    cp test/stack/package-lock.json test/stack/node_modules/.rs2ddb-installed
fi
