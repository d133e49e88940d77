# rs2ddb: moves the result of a Redshift query into a DynamoDB table.
#
#   make demo     build, install, run the main job on the local stand-ins, verify every item
#   make check    build, install, run all tests
#   make; make install; make installcheck      as PostgreSQL people expect (PGXS)
#
# demo, check and the like install what they need first, so they must work before PGXS is there:
# they live in scripts/commands.mk.

COMMANDS := demo demo-stop bench check check-unit check-san check-san-server check-sql check-tap check-stack check-versions \
	fuzz fuzz-short soak stack stack-stop unit deps format check-format check-tree

ifneq ($(filter $(COMMANDS),$(MAKECMDGOALS)),)
include scripts/commands.mk
else

MODULE_big = rs2ddb
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/core/*/*.c src/pg/*.c)))
EXTENSION = rs2ddb
DATA = rs2ddb--1.0.sql
PGFILEDESC = "rs2ddb - Redshift query results to DynamoDB tables"

REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))

ifeq ($(OBJS),)
$(error no sources below src/: build in the root of the source tree, an out-of-tree build is not supported)
endif

override with_llvm := no
PG_CFLAGS = -O3 -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers \
	-Wno-declaration-after-statement -fvisibility=hidden
# PostgreSQL 15 leaves PGDLLEXPORT empty; with hidden visibility it must say what it means.
PG_CPPFLAGS = -I$(shell $(PG_CONFIG) --includedir) \
	-D'PGDLLEXPORT=__attribute__((visibility("default")))'
SHLIB_LINK = -lpq -lcurl -lcrypto -ljson-c -lz -lzstd -lexpat -lm
EXTRA_CLEAN = build

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Every object depends on every header: the tree is small, and a stale object costs more.
$(OBJS): $(wildcard src/core/*/*.h src/pg/*.h)

endif
