#!/usr/bin/env bash
# Unit tests of the stand-ins, of the demo's verifier and of the soak's parts; no server is started.
set -euo pipefail
cd "$(dirname "$0")/.."
find test/stack/front test/stack/gateway test/stack/warehouse test/stack/lib test/soak demo -name '*.test.mjs' -not -path '*/node_modules/*' |
    sort | xargs node --test --test-reporter=spec 2>&1 | grep -E '^(ℹ|✖|# )|✖' || exit 1
