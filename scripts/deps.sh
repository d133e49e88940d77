#!/usr/bin/env bash
# Installs what the project needs on Debian 12 and is missing: Debian packages, and the npm
# packages of the stand-ins (lock file). Does nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/apt_install.sh scripts/packages.txt
command -v node >/dev/null && command -v npm >/dev/null || scripts/apt_install.sh <(printf 'nodejs\nnpm\n')

if ! cmp -s test/stack/package-lock.json test/stack/node_modules/.rs2ddb-installed; then
    echo "installing npm packages of the stand-ins"
    npm ci --prefix test/stack --no-audit --no-fund --loglevel=error
    cp test/stack/package-lock.json test/stack/node_modules/.rs2ddb-installed
fi
