#!/usr/bin/env bash
# End-to-end tests: files of t/ side by side, each with stand-ins and a PostgreSQL of its own; all stand-ins share one
# DynamoDB Local. TESTS names some of the files, TAP_JOBS how many run at once (they wait more than they compute).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/interruptible.sh
pgxs_src="$(dirname "$(pg_config --pgxs)")/../.."
export PATH="$(pg_config --bindir):$PATH"
export PG_REGRESS="$pgxs_src/src/test/regress/pg_regress"
export TESTDIR="$PWD" TESTDATADIR="$PWD/tmp_check"
export PERL5LIB="$pgxs_src/src/test/perl:$PWD/t/lib${PERL5LIB:+:$PERL5LIB}"
work=$(mktemp -d "${TMPDIR:-/tmp}/rs2ddb-tap-XXXXXX")
stop() {
    node test/stack/stack.mjs stop --dir "$work/dynamodb" >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap stop EXIT
interruptible node test/stack/stack.mjs start --dir "$work/dynamodb" --dynamodb-only
# shellcheck disable=SC1091
. "$work/dynamodb/env"
# shellcheck disable=SC2086
interruptible perl scripts/tap_files.pl "${TAP_JOBS:-$((3 * $(nproc)))}" "$work" ${TESTS:-t/*.pl}
