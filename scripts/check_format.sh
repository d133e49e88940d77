#!/usr/bin/env bash
# Formatting, as .clang-format says.
set -euo pipefail
cd "$(dirname "$0")/.."
clang-format --dry-run --Werror src/core/*/*.[ch] src/pg/*.[ch] test/unit/*.[ch] test/fuzz/*.c
echo "ok - formatting"
