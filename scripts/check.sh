#!/usr/bin/env bash
# All tests. Ends with the line "N passed, N failed" and says so with its exit status.
set -uo pipefail
cd "$(dirname "$0")/.."

passed=0
failed=0
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT

# section NAME COMMAND...: runs it, shows its output, and counts what its runner reports.
section() {
    local name=$1 status ok bad
    shift
    printf '\n== %s\n' "$name"
    "$@" 2>&1 | tee "$log/out"
    status=${PIPESTATUS[0]}
    read -r ok bad < <(scripts/count_tests.awk "$log/out")
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
    fi
    if [ "$status" -eq 0 ] && [ "$ok" -eq 0 ]; then
        echo "$name: no test was run" && bad=$((bad + 1))
    fi
    passed=$((passed + ok))
    failed=$((failed + bad))
}

section "tree" scripts/check_tree.sh
section "unit tests of the core" make -s -f test/unit/unit.mk unit
section "unit tests of the core under AddressSanitizer and UBSan" make -s -f test/unit/unit.mk unit SAN=1
section "fuzzing of the core, a few seconds each, under AddressSanitizer and UBSan" make -s -j2 -f test/fuzz/fuzz.mk fuzz-short
section "tests of the stand-ins and the verifier" scripts/check_node.sh
section "SQL surface (pg_regress)" scripts/as_unprivileged.sh scripts/check_sql.sh
section "end to end (TAP)" scripts/as_unprivileged.sh scripts/check_tap.sh

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
