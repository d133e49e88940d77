#!/usr/bin/env bash
# All tests. The end-to-end tests, which wait more than they compute, run beside all other sections.
# Ends with the line "N passed, N failed" and says so with its exit status.
set -uo pipefail
cd "$(dirname "$0")/.."

passed=0
failed=0
log=$(mktemp -d)
declare -A running # number of a section -> process id, which is that of its process group, too
trap 'rm -rf "$log"' EXIT
trap stop INT TERM HUP

stop() {
    local pid
    trap '' INT TERM HUP
    for pid in "${running[@]}"; do kill -TERM -- "-$pid" 2>/dev/null; done
    wait
    exit 130
}

# begin NUMBER COMMAND...: starts a section.
begin() {
    local number=$1
    shift
    set -m
    "$@" >"$log/$number" 2>&1 &
    set +m
    running[$number]=$!
}

# finish NUMBER NAME: shows the output of a section as it comes, until it has ended, and counts what its runner reports.
finish() {
    local number=$1 name=$2 pid=${running[$1]} status=0 ok bad
    printf '\n== %s\n' "$name"
    tail -n +1 -s 0.2 -f --pid="$pid" "$log/$number" &
    wait $!
    wait "$pid" || status=$?
    unset "running[$number]"
    read -r ok bad < <(scripts/count_tests.awk "$log/$number")
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
    fi
    if [ "$status" -eq 0 ] && [ "$ok" -eq 0 ]; then
        echo "$name: no test was run" && bad=$((bad + 1))
    fi
    printf '%s: %d passed, %d failed; %d s after the start\n' "$name" "$ok" "$bad" "$SECONDS"
    passed=$((passed + ok))
    failed=$((failed + bad))
}

# section NAME COMMAND...
section() {
    local name=$1
    shift
    begin section "$@"
    finish section "$name"
}

parallel=("-j$(nproc)" -k -O)
begin tap scripts/as_unprivileged.sh scripts/check_tap.sh
section "tree" scripts/check_tree.sh
section "unit tests of the core" make -s "${parallel[@]}" -f test/unit/unit.mk unit
section "unit tests of the core under AddressSanitizer and UBSan" make -s "${parallel[@]}" -f test/unit/unit.mk unit SAN=1
section "fuzzing of the core, a few seconds each, under AddressSanitizer and UBSan" make -s "-j$(nproc)" -f test/fuzz/fuzz.mk fuzz-short
section "tests of the stand-ins and the verifier" scripts/check_node.sh
section "SQL surface (pg_regress)" scripts/as_unprivileged.sh scripts/check_sql.sh
finish tap "end to end (TAP)"

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
