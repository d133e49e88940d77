// The simple Query message: rewritten as a whole, or, with an UNLOAD or CANCEL among its statements, one by one.
import { Buffer } from 'node:buffer';
import { SqlError, isWord, lex, splitStatements } from './lexer.mjs';
import { rewrite } from './rewrite.mjs';
import { isUnload, parseUnload } from './unload_parser.mjs';
import { Cursor, commandComplete, query } from './wire.mjs';

export const STATEMENT_LIMIT_BYTES = 16 * 1024 * 1024;

export function checkSize(text) {
  const size = Buffer.byteLength(text);
  if (size <= STATEMENT_LIMIT_BYTES) return;
  throw new SqlError('54001', `Statement is too large. Statement Size: ${size} bytes. Maximum Allowed: ${STATEMENT_LIMIT_BYTES} bytes`);
}

async function forward(session, text, tokens, hidden) {
  const { out, effects } = rewrite(text, tokens, { caseSensitive: session.caseSensitive });
  const item = { kind: 'query', map: out, effects, hidden };
  session.link.send(query(out.text), item);
  await session.link.wait(item);
  return !item.failed;
}

async function cancel(session, text, words) {
  if (words[1]?.type !== 'number') throw new SqlError('42601', 'syntax error in CANCEL', { position: words[1]?.start });
  await session.link.ask(`SELECT pg_cancel_backend(${text.slice(words[1].start, words[1].end)})`);
  session.write(commandComplete('CANCEL'));
  return true;
}

async function runOne(session, text, { all, words }) {
  if (isUnload(words)) {
    await session.runUnload(text, parseUnload(text, words));
    return true;
  }
  if (isWord(words[0], 'cancel')) return cancel(session, text, words);
  return forward(session, text, all, true);
}

async function runOneByOne(session, text, statements) {
  for (const statement of statements) if (!await runOne(session, text, statement)) break;
  session.writeReady();
}

export async function handleSimpleQuery(session, bytes) {
  let text = '';
  session.batchFailed = false;
  try {
    text = new Cursor(bytes, 5).statementText();
    checkSize(text);
    const tokens = lex(text);
    const statements = splitStatements(tokens);
    if (statements.some(({ words }) => isUnload(words) || isWord(words[0], 'cancel'))) {
      await runOneByOne(session, text, statements);
    } else await forward(session, text, tokens, false);
  } catch (error) {
    if (!(error instanceof SqlError) || session.link.gone) throw error;
    await session.failTransaction();
    session.writeError(error, text);
    session.writeReady();
  }
}
