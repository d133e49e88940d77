// Builds the ceiling against the core, as the unit tests build it.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const FLAGS = ['-std=c11', '-O2', '-g', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE'];
const LIBRARIES = ['-lcurl', '-lcrypto', '-ljson-c', '-lz', '-lzstd', '-lexpat', '-lm'];

/** Returns the path of the program. */
export function buildCeiling(root) {
  const options = { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] };
  const out = join(root, 'build', 'bench', 'ceiling');
  mkdirSync(join(root, 'build', 'bench'), { recursive: true });
  execFileSync('make', ['-s', '-f', 'test/unit/unit.mk', 'lib'], options);
  execFileSync('cc', [...FLAGS, 'bench/ceiling.c', 'build/core/libcore.a', ...LIBRARIES, '-o', out], options);
  return out;
}
