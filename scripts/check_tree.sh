#!/usr/bin/env bash
# The tree against its design: who may include whom, one foreign library one file, sizes.
set -uo pipefail
cd "$(dirname "$0")/.."
bad=0

report() { # NAME OFFENDERS
    if [ -n "$2" ]; then
        printf 'not ok - %s\n%s\n' "$1" "$2"
        bad=1
    else
        echo "ok - $1"
    fi
}

# folder -> folders it may include besides itself (src/README.md has the table)
allowed() {
    case $1 in
    base) echo "" ;;
    http | control) echo "base" ;;
    aws) echo "base http" ;;
    unload | fetch) echo "base aws http" ;;
    decode) echo "base fetch/source.h" ;;
    encode) echo "base decode/row.h" ;;
    send) echo "base aws http encode/mapping.h encode/item.h decode/row.h" ;;
    transfer) echo "base aws http fetch decode encode send" ;;
    esac
}

wall() {
    local folder file target
    for folder in src/core/*/; do
        folder=$(basename "$folder")
        grep -Ho '#include "\.\./[^"]*"' "src/core/$folder"/*.[ch] 2>/dev/null |
            sed 's/#include "\.\.\///; s/"$//' | while IFS=: read -r file target; do
            case " $(allowed "$folder") " in
            *" ${target%%/*} "* | *" $target "*) ;;
            *) echo "$file includes $target" ;;
            esac
        done
    done
}

only_in() { # HEADER FILE
    grep -rlE "#include <($1)" src/core | grep -vx "$2" | sed "s#\$# includes <$1>#"
}

report "folders of the core include only what the table allows" "$(wall)"
report "the core knows nothing of PostgreSQL" \
    "$(grep -rnE 'postgres\.h|#include "\.\./\.\./pg|\bpalloc\b|\bereport\b' src/core)"
report "one foreign library, one file" "$(
    only_in 'openssl/' src/core/aws/digest.c
    only_in 'curl/' src/core/http/curl_engine.h
    only_in 'json' src/core/base/json.c
    only_in 'expat.h' src/core/base/xml.c
    only_in 'zlib.h' src/core/decode/gunzip.c
    only_in 'zstd.h' src/core/decode/unzstd.c)"
report "all SPI is in the catalog" "$(grep -lE '\bSPI_(connect|execute)' src/pg/*.c | grep -v '/catalog')"
report "all libpq is in redshift*.c" "$(grep -lE 'libpq-fe\.h|redshift_session\.h' src/pg/*.[ch] | grep -v '/redshift')"
report "no file over 500 lines" "$(git ls-files 'src/*.[ch]' 'test/*.mjs' 'test/*.[ch]' 'demo/*.mjs' 2>/dev/null | xargs wc -l 2>/dev/null | awk '$2 != "total" && $1 > 500 { print $2 " has " $1 " lines" }')"
report "no function over 80 lines" "$(awk '
    FNR == 1 { start = 0 }
    /^{/ { start = FNR }
    /^}/ { if (start && FNR - start > 80) print FILENAME ": function ending in line " FNR " has " FNR - start " lines"; start = 0 }
' src/core/*/*.c src/pg/*.c)"
elsewhere=$(mktemp -d)
report "a build outside of the tree stops, in place of linking nothing" \
    "$(make -C "$elsewhere" -f "$PWD/Makefile" all >/dev/null 2>&1 && echo "make all succeeded without a source")"
rm -rf "$elsewhere"
exit $bad
