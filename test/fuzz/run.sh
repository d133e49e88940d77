#!/usr/bin/env bash
# Runs one harness for some seconds over its corpus: run.sh BUILD NAME SECONDS. One test: it passes
# when the harness ended by itself, and neither crashed, leaked nor hung.
set -uo pipefail
build=$1 name=$2 seconds=$3
found=$build/found/$name
log=$build/fuzz_$name.log
mkdir -p "$found"
"$build/fuzz_$name" -max_total_time="$seconds" -max_len=8192 -timeout=60 -rss_limit_mb=1024 \
    -print_final_stats=1 -artifact_prefix="$build/" "$found" "test/fuzz/corpus/$name" >"$log" 2>&1
status=$?
runs=$(awk '/^stat::number_of_executed_units:/ { print $2 }' "$log")
if [ "$status" -eq 0 ] && [ "${runs:-0}" -gt 0 ]; then
    echo "ok - fuzz_$name: $runs inputs in $seconds s"
    exit 0
fi
tail -40 "$log"
echo "not ok - fuzz_$name"
exit 1
