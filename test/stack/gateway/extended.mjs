// The extended protocol: texts are rewritten at Parse; an UNLOAD is kept here, and an empty statement stands for it in the
// backend.
import { SqlError, lex, splitStatements } from './lexer.mjs';
import { rewrite } from './rewrite.mjs';
import { checkSize } from './simple.mjs';
import { postgresOid } from './types.mjs';
import { isUnload, parseUnload } from './unload_parser.mjs';
import { Cursor, message, parse, parseRowDescription, zeroTerminated } from './wire.mjs';

// What came before is answered first; what follows up to Sync is ignored.
async function refuse(session, error, text) {
  await session.link.barrier();
  session.skipToSync = true;
  if (session.batchFailed) return;
  session.batchFailed = true;
  await session.failTransaction();
  session.writeError(error, text);
}

function readParse(bytes) {
  const cursor = new Cursor(bytes, 5, bytes.length);
  const name = cursor.text();
  const text = cursor.statementText();
  const types = [];
  for (let left = cursor.int16(); left > 0; left--) types.push(postgresOid(cursor.uint32()));
  return { name, text, types };
}

function prepareText(session, text) {
  checkSize(text);
  const tokens = lex(text);
  const statements = splitStatements(tokens);
  if (statements.length === 1 && isUnload(statements[0].words)) {
    return { sql: '', statement: { text, unload: parseUnload(text, statements[0].words), columns: null } };
  }
  const { out, effects } = rewrite(text, tokens, { caseSensitive: session.caseSensitive });
  return { sql: out.text, statement: { text, map: out, effects } };
}

async function onParse(session, bytes) {
  let text = '';
  try {
    const { name, types, ...rest } = readParse(bytes);
    ({ text } = rest);
    const { sql, statement } = prepareText(session, text);
    session.statements.set(name, statement);
    session.link.send(parse(name, sql, types), { kind: 'parse', map: statement.map });
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    await refuse(session, error, text);
  }
}

function onBind(session, bytes) {
  const cursor = new Cursor(bytes, 5, bytes.length);
  const portalName = cursor.text();
  const statement = session.statements.get(cursor.text());
  for (let left = cursor.int16(); left > 0; left--) cursor.int16();
  for (let left = cursor.int16(); left > 0; left--) cursor.skip(cursor.int32());
  const formats = [];
  for (let left = cursor.int16(); left > 0; left--) formats.push(cursor.int16());
  session.portals.set(portalName, { statement, formats });
  session.link.send(bytes, { kind: 'bind', map: statement?.map });
}

function onDescribe(session, bytes) {
  const name = new Cursor(bytes, 6, bytes.length).text();
  const statement = bytes[5] === 0x53 ? session.statements.get(name) : session.portals.get(name)?.statement;
  session.link.send(bytes, { kind: 'describe', statement, map: statement?.map });
}

// Rows can only be given Redshift's forms when their types are known.
function describeFirst(session, portalName, statement) {
  const onReply = (type, bytes, start, end) => {
    if (type === 'T') statement.columns = parseRowDescription(bytes, start, end);
    else if (type === 'n') statement.columns = null;
    else if (type === 'E') session.reply('E', bytes, start, end, { map: statement.map });
  };
  session.link.send(message('D', 'P', zeroTerminated(portalName)), { kind: 'describe', sink: { message: onReply } });
}

async function runUnload(session, statement) {
  await session.link.barrier();
  if (session.batchFailed) {
    session.skipToSync = true;
    return;
  }
  try {
    await session.runUnload(statement.text, statement.unload);
  } catch (error) {
    if (!(error instanceof SqlError) || session.link.gone) throw error;
    await refuse(session, error, statement.text);
  }
}

async function onExecute(session, bytes) {
  const portalName = new Cursor(bytes, 5, bytes.length).text();
  const portal = session.portals.get(portalName);
  if (portal?.statement?.unload) return runUnload(session, portal.statement);
  if (portal?.statement && portal.statement.columns === undefined) describeFirst(session, portalName, portal.statement);
  session.link.send(bytes, { kind: 'execute', portal, map: portal?.statement?.map, effects: portal?.statement?.effects });
  return undefined;
}

async function onSync(session, bytes) {
  session.skipToSync = false;
  const item = { kind: 'sync' };
  session.link.send(bytes, item);
  await session.link.wait(item);
  session.batchFailed = false;
}

export async function handleExtended(session, type, bytes) {
  if (type === 'S') return onSync(session, bytes);
  if (session.skipToSync) return undefined;
  switch (type) {
    case 'P': return onParse(session, bytes);
    case 'B': return onBind(session, bytes);
    case 'D': return onDescribe(session, bytes);
    case 'E': return onExecute(session, bytes);
    case 'C': return void session.link.send(bytes, { kind: 'close' });
    case 'F': return void session.link.send(bytes, { kind: 'query' });
    default: return void session.link.send(bytes);
  }
}
