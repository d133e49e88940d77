// JSON texts for SUPER columns, compact as Redshift prints them: numbers as written, nulls at every level,
// escapes, and nesting up to 25 levels.

const DEPTH = 25;
const NUMBERS = [
  '0', '-0', '1', '-1', '1.50', '-0.10', '1e2', '1E+2', '2.5e-3', '-1.0e0', '100', '12345678901234567890123456789012345678',
  '-0.12345678901234567890123456789012345678', '99999999999999999999999999999999999999', '9007199254740993', '1e-130', '9.9e125',
];

const nestedArrays = (depth) => `${'['.repeat(depth)}"deep"${']'.repeat(depth)}`;
const nestedObjects = (depth) => `${'{"in":'.repeat(depth)}1.50${'}'.repeat(depth)}`;
const nestedMixed = (depth) => `${'{"a":['.repeat(depth / 2)}null${']}'.repeat(depth / 2)}`;

const STRINGS = [
  '""', '" "', '"plain"', '"\\"quoted\\" and \\\\ and \\/"', '"\\b\\f\\n\\r\\t"', '"\\u0001\\u001f\\u007f"', '"\\u00e9 against é"',
  '"\\ud83d\\ude00 against 😀"', '"\\u4f60好"', '"مرحبا \\u200f"', '"null"', '"1.50"', '"\\u2028\\u2029"', '"\\uD83D\\uDC68\\u200d\\uD83D\\uDC69"',
];

const MAPS = [
  '{}', '{"a":1}', '{"A":1,"a":2,"á":3}', '{"S":"not a type","N":"5","M":{"L":[]}}', '{"a b":1,"a.b":2,"#a":3,":a":4,"$":5,"\\"":6,"\\\\":7,"\\n":8,"名前":9}',
  '{"null":null,"list":[null,{"x":null}],"empty":{"list":[],"map":{},"text":""}}', '{"t":true,"f":false,"n":null,"i":1,"d":1.50,"s":"x","l":[1,"1",true]}',
  '{"\\u0061\\u0062":"name with escapes"}',
];

const LISTS = ['[]', '[[]]', '[{}]', '[null]', '[1,1.0,1.00,1e0]', '[true,false,null,"",0]', '["a",["b",["c",["d"]]]]', '[{"a":[{"b":[{"c":1e2}]}]}]'];

export const SUPER_VALUES = [
  'null', 'true', 'false', ...NUMBERS, `[${NUMBERS.join(',')}]`, ...STRINGS, `[${STRINGS.join(',')}]`, ...MAPS, ...LISTS,
  nestedArrays(DEPTH), nestedObjects(DEPTH), nestedMixed(DEPTH - 1),
  `{${Array.from({ length: 500 }, (_, i) => `"key_${i}":${i % 7 === 0 ? 'null' : `"value ${i}"`}`).join(',')}}`,
  `[${Array.from({ length: 2000 }, (_, i) => `${i}.${i % 10}0`).join(',')}]`,
];
