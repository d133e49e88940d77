# Fuzzing of the row path with libFuzzer (clang), AddressSanitizer and UBSan. Run from the
# project's root:
#   make -f test/fuzz/fuzz.mk fuzz-short                 build all and run each for a few seconds
#   make -f test/fuzz/fuzz.mk fuzz FUZZ_SECONDS=180      the same, longer
#   make -f test/fuzz/fuzz.mk fuzz-build                 only build
# New inputs that reach new code are added below $(FUZZ_BUILD)/found, never to the tree.

FUZZ_CC ?= clang
FUZZ_SECONDS ?= 120
FUZZ_SHORT_SECONDS ?= 5
FUZZ_BUILD := build/fuzz
FUZZ_NAMES := scan_json item decompress
FUZZ_FLAGS := -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -Isrc/core \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_SRC := $(wildcard src/core/decode/*.c) $(filter-out %/plan.c,$(wildcard src/core/encode/*.c)) \
	src/core/fetch/source_memory.c $(addprefix src/core/base/,alloc.c bytes.c status.c column.c)
FUZZ_HEADERS := $(wildcard src/core/base/*.h src/core/decode/*.h src/core/encode/*.h src/core/fetch/*.h)

.PHONY: fuzz fuzz-short fuzz-build
fuzz-build: $(FUZZ_NAMES:%=$(FUZZ_BUILD)/fuzz_%)

$(FUZZ_BUILD)/fuzz_%: test/fuzz/fuzz_%.c $(FUZZ_SRC) $(FUZZ_HEADERS)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) $< $(FUZZ_SRC) -lz -lzstd -o $@

fuzz: fuzz-build
	@set -e; for name in $(FUZZ_NAMES); do \
		mkdir -p $(FUZZ_BUILD)/found/$$name; \
		echo "fuzz_$$name: $(FUZZ_SECONDS) seconds"; \
		$(FUZZ_BUILD)/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -timeout=10 \
			-rss_limit_mb=1024 -verbosity=0 -print_final_stats=1 \
			-artifact_prefix=$(FUZZ_BUILD)/ $(FUZZ_BUILD)/found/$$name test/fuzz/corpus/$$name; \
	done

fuzz-short:
	@$(MAKE) -f test/fuzz/fuzz.mk fuzz FUZZ_SECONDS=$(FUZZ_SHORT_SECONDS)
