#!/usr/bin/env bash
# pg_regress on a private server: functions, options, privileges, messages. No network.
set -euo pipefail
cd "$(dirname "$0")/.."
bindir=$(pg_config --bindir)
regress="$(dirname "$(pg_config --pgxs)")/../test/regress/pg_regress"
out=$(mktemp -d "${TMPDIR:-/tmp}/rs2ddb-regress-XXXXXX")
. scripts/interruptible.sh
# A pg_regress that was interrupted leaves its server behind.
stop() {
    [ ! -f "$out/instance/data/postmaster.pid" ] || "$bindir/pg_ctl" stop --silent --mode=immediate -D "$out/instance/data" || true
    rm -rf "$out"
}
trap stop EXIT
tests=$(cd sql && ls ./*.sql | sed 's|^\./||; s|\.sql$||')
# shellcheck disable=SC2086
interruptible "$regress" --inputdir=. --outputdir="$out" --bindir="$bindir" --temp-instance="$out/instance" \
    --temp-config=sql/regress.conf --encoding=UTF8 --no-locale --dbname=rs2ddb_regress $tests || {
    cat "$out/regression.diffs" 2>/dev/null
    exit 1
}
