# The core and its unit tests, built without the server's include path: a core file that
# needs PostgreSQL does not compile here. Run from the project's root:
#   make -f test/unit/unit.mk unit            all unit tests; -k -j4 -O: four at once, each with its output together
#   make -f test/unit/unit.mk unit SAN=1      the same under AddressSanitizer and UBSan
#   make -f test/unit/unit.mk unit T=sigv4    one of them
#   make -f test/unit/unit.mk lib             only build the core

SAN ?=
T ?=
BUILD := build/core$(if $(SAN),-san)
CC ?= cc
comma := ,
CORE_CPPFLAGS := -D_GNU_SOURCE -Isrc/core -Itest/unit $(shell pkg-config --cflags json-c)
CORE_CFLAGS := -std=c11 -O2 -g -Wall -Wextra -Werror -fvisibility=hidden \
	$(if $(SAN),-O1 -fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
CORE_LIBS := -lcurl -lssl -lcrypto -ljson-c -lz -lzstd -lexpat -lm
CORE_SRC := $(wildcard src/core/*/*.c)
CORE_OBJ := $(CORE_SRC:src/core/%.c=$(BUILD)/%.o)
HELP_OBJ := $(patsubst test/unit/%.c,$(BUILD)/unit/%.o,$(filter-out test/unit/test_%.c,$(wildcard test/unit/*.c)))
TESTS := $(patsubst test/unit/test_%.c,%,$(wildcard test/unit/test_*.c))

RUNS := $(addprefix run-,$(or $(T),$(TESTS)))

.PHONY: lib unit $(RUNS)
lib: $(BUILD)/libcore.a

# With make's -k all of them run although one fails, with -j several at once.
unit: $(RUNS)

$(RUNS): run-%: $(BUILD)/unit/test_%
	@$<

$(BUILD)/libcore.a: $(CORE_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/%.o: src/core/%.c
	@mkdir -p $(@D)
	$(CC) $(CORE_CPPFLAGS) $(CORE_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/unit/%.o: test/unit/%.c
	@mkdir -p $(@D)
	$(CC) $(CORE_CPPFLAGS) $(CORE_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/unit/test_%: $(BUILD)/unit/test_%.o $(HELP_OBJ) $(BUILD)/libcore.a
	$(CC) $(CORE_CFLAGS) $^ -lcmocka $(CORE_LIBS) -o $@

.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
