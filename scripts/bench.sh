#!/usr/bin/env bash
# Installs what the benchmark needs beside the project's packages, and runs it. From the environment: ROWS (2,000,000),
# FILES (32), ROUNDS (3), PARTS ("1 2"; below a million rows "1"), SECONDS_PER_RUN (60).
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
while read -r package; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] ||
        missing+=("$package")
done <bench/packages.txt

if [ ${#missing[@]} -gt 0 ]; then
    echo "installing Debian packages: ${missing[*]}"
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    log=$(mktemp)
    # In runlevel 1 no service is started by its installation: the benchmark's nginx is a private process.
    if ! "${as_root[@]}" apt-get update -q >"$log" 2>&1 ||
        ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -q \
            --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
        tail -20 "$log" >&2
        echo "could not install Debian packages: see above" >&2
        exit 1
    fi
    rm -f "$log"
fi

if [ -z "${PARTS:-}" ] && [ "${ROWS:-2000000}" -lt 1000000 ]; then
    export PARTS=1
fi
exec node bench/bench.mjs
