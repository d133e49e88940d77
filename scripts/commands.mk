# The commands that must work on a fresh machine; included by Makefile.

.PHONY: $(COMMANDS)

UNIT := $(MAKE) -s -k -O -j$(shell nproc) -f test/unit/unit.mk unit

deps:
	@scripts/deps.sh

demo: deps
	@scripts/install.sh
	@node demo/demo.mjs

demo-stop stack-stop:
	@node test/stack/stack.mjs stop

stack: deps
	@scripts/install.sh
	@node test/stack/stack.mjs start

check: deps
	@scripts/install.sh
	@exec scripts/check.sh

check-unit unit: deps
	@$(UNIT)

check-san: deps
	@$(UNIT) SAN=1

check-san-server: deps
	@TESTS="$(TESTS)" scripts/check_san_server.sh

check-sql: deps
	@scripts/install.sh
	@exec scripts/as_unprivileged.sh scripts/check_sql.sh

check-tap: deps
	@scripts/install.sh
	@exec scripts/as_unprivileged.sh env TESTS="$(TESTS)" scripts/check_tap.sh

check-stack: deps
	@scripts/check_node.sh

check-versions: deps
	@VERSIONS="$(VERSIONS)" TESTS="$(TESTS)" scripts/check_versions.sh

check-tree:
	@scripts/check_tree.sh

format:
	@clang-format -i src/core/*/*.[ch] src/pg/*.[ch] test/unit/*.[ch] test/fuzz/*.c

check-format: deps
	@scripts/check_format.sh

fuzz-short: deps
	@$(MAKE) -s -j2 -f test/fuzz/fuzz.mk fuzz-short

fuzz: deps
	@$(MAKE) -s -j2 -f test/fuzz/fuzz.mk fuzz SECONDS=$(or $(SECONDS),600) F=$(F)

bench: deps
	@scripts/install.sh
	@ROWS="$(ROWS)" scripts/bench.sh

soak: deps
	@scripts/install.sh
	@ROWS="$(ROWS)" FILES="$(FILES)" ROUNDS="$(ROUNDS)" SEED="$(SEED)" node test/soak/soak.mjs
