#!/usr/bin/env bash
# Installs what the benchmark needs beside the project's packages, and runs it. From the environment: ROWS (2,000,000),
# FILES (32), ROUNDS (3, in part 3 2), PARTS ("1 2 3"; below a million rows "1"), CASES (of part 2: all), SECONDS_PER_RUN (60).
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/apt_install.sh bench/packages.txt
if [ -z "${PARTS:-}" ] && [ "${ROWS:-2000000}" -lt 1000000 ]; then
    export PARTS=1
fi
exec node bench/bench.mjs
