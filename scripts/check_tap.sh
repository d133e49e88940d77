#!/usr/bin/env bash
# End-to-end tests: the stand-ins are started once, every test brings its own PostgreSQL.
set -euo pipefail
cd "$(dirname "$0")/.."
pgxs_src="$(dirname "$(pg_config --pgxs)")/../.."
export PATH="$(pg_config --bindir):$PATH"
export PG_REGRESS="$pgxs_src/src/test/regress/pg_regress"
export TESTDIR="$PWD" TESTDATADIR="$PWD/tmp_check"
stack=$(mktemp -d "${TMPDIR:-/tmp}/rs2ddb-stack-XXXXXX")
stop() {
    node test/stack/stack.mjs stop --dir "$stack" >/dev/null 2>&1 || true
    rm -rf "$stack"
}
trap stop EXIT
node test/stack/stack.mjs start --dir "$stack" --no-local
set -a
# shellcheck disable=SC1091
. "$stack/env"
set +a
prove -v -I "$pgxs_src/src/test/perl" -I t/lib ${TESTS:-t/*.pl}
