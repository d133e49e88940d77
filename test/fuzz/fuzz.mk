# Fuzzing of the core with libFuzzer (clang), AddressSanitizer and UBSan: one harness per parser of
# foreign input. Run from the project's root:
#   make -f test/fuzz/fuzz.mk fuzz-short                 build all and run each for a few seconds
#   make -f test/fuzz/fuzz.mk fuzz SECONDS=600           the same, longer
#   make -f test/fuzz/fuzz.mk fuzz SECONDS=60 F=item     one of them
#   make -f test/fuzz/fuzz.mk fuzz-build                 only build
# Each harness is one test: "ok - ..." when its run ended without a finding. New inputs that reach
# new code are added below $(FUZZ_BUILD)/found, never to the tree; a finding is left in
# $(FUZZ_BUILD)/crash-... and becomes an input of the corpus once it is mended.

FUZZ_CC ?= clang
SECONDS ?= 120
FUZZ_SHORT_SECONDS ?= 3
F ?=
FUZZ_JOBS ?= 2
FUZZ_BUILD := build/fuzz
# Shells count in a variable of this name.
unexport SECONDS
FUZZ_NAMES := $(if $(F),$(F),$(patsubst test/fuzz/fuzz_%.c,%,$(sort $(wildcard test/fuzz/fuzz_*.c))))
FUZZ_FLAGS := -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -Isrc/core -Itest/unit \
	$(shell pkg-config --cflags json-c) -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_LIBS := -lcurl -lcrypto -ljson-c -lz -lzstd -lexpat -lm
FUZZ_OBJ := $(patsubst src/core/%.c,$(FUZZ_BUILD)/%.o,$(wildcard src/core/*/*.c))

.PHONY: fuzz fuzz-short fuzz-build
fuzz-build: $(FUZZ_NAMES:%=$(FUZZ_BUILD)/fuzz_%)

$(FUZZ_BUILD)/%.o: src/core/%.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

$(FUZZ_BUILD)/%.o: test/unit/%.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) -MMD -MP -c $< -o $@

$(FUZZ_BUILD)/libcore.a: $(FUZZ_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(FUZZ_BUILD)/fuzz_%: test/fuzz/fuzz_%.c $(FUZZ_BUILD)/source_memory.o $(FUZZ_BUILD)/libcore.a
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -MMD -MP -MF $@.d $(filter-out %.h,$^) $(FUZZ_LIBS) -o $@

fuzz: fuzz-build
	@printf '%s\n' $(FUZZ_NAMES) | xargs -P $(FUZZ_JOBS) -I NAME test/fuzz/run.sh $(FUZZ_BUILD) NAME $(SECONDS)

fuzz-short:
	@$(MAKE) -f test/fuzz/fuzz.mk fuzz SECONDS=$(FUZZ_SHORT_SECONDS)

.SECONDARY:
-include $(shell find $(FUZZ_BUILD) -name '*.d' 2>/dev/null)
