#!/usr/bin/env bash
# Builds the extension and installs it into the server that pg_config names, when it changed.
set -euo pipefail
cd "$(dirname "$0")/.."

make -s -j"$(nproc)" all
lib="$(pg_config --pkglibdir)/rs2ddb.so"
share="$(pg_config --sharedir)/extension"
if cmp -s rs2ddb.so "$lib" && cmp -s rs2ddb.control "$share/rs2ddb.control" &&
    cmp -s rs2ddb--1.0.sql "$share/rs2ddb--1.0.sql"; then
    exit 0
fi
as_root=()
[ -w "$(pg_config --pkglibdir)" ] && [ -w "$share" ] || as_root=(sudo)
"${as_root[@]}" make -s install >/dev/null
echo "installed rs2ddb for $(pg_config --version)"
