import assert from 'node:assert/strict';
import test from 'node:test';
import { lex, splitStatements } from '../lexer.mjs';

const literal = (text) => lex(text).find(({ type }) => type === 'string').value;

test('backslash is always an escape', () => {
  assert.equal(literal(String.raw`'a\\b'`), 'a\\b');
  assert.equal(literal(String.raw`'it''s \'q\''`), "it's 'q'");
  assert.equal(literal(String.raw`'\t\n\r\b\f'`), '\t\n\r\b\f');
  assert.equal(literal(String.raw`'\x41\q'`), 'x41q');
});

test('octal escapes are bytes of UTF-8', () => {
  assert.equal(literal(String.raw`'\101\303\251'`), 'Aé');
  assert.throws(() => lex(String.raw`'\377'`), { sqlstate: '22021' });
  assert.throws(() => lex(String.raw`'\0'`), { sqlstate: '22021' });
});

test('an escaped quote does not end a literal', () => {
  assert.throws(() => lex(String.raw`select 'abc\'`), { sqlstate: '42601', position: 7, message: /unterminated quoted string/ });
});

test('comments nest and end operators', () => {
  const kinds = lex('1 /* a /* b */ c */ +-- x\n2').map(({ type }) => type);
  assert.deepEqual(kinds, ['number', 'space', 'space', 'space', 'operator', 'space', 'space', 'number']);
  assert.throws(() => lex('select /* /* */'), /unterminated \/\* comment/);
});

test('dollar quoting, parameters and quoted names', () => {
  assert.deepEqual(lex("$a$ ' $b$ $a$").map(({ type }) => type), ['dollar']);
  assert.deepEqual(lex('$1').map(({ type }) => type), ['parameter']);
  assert.equal(lex('"a ""B"" c"')[0].value, 'a "B" c');
  assert.throws(() => lex('""'), /zero-length/);
});

test('names fold their ASCII letters only', () => {
  assert.equal(lex('ÄBc')[0].value, 'Äbc');
});

test('statements are split outside of literals and comments', () => {
  const statements = splitStatements(lex("select ';' ; /* ; */ ; select 2 -- ;\n;"));
  assert.deepEqual(statements.map(({ words }) => words.length), [2, 2]);
});
