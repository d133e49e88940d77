// DynamoDB numbers as text: splitting, normal form, and the bytes they occupy.

const GRAMMAR = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** {negative, digits, exponent}: value = 0.digits * 10^exponent, digits without outer zeros; null when not a number. */
export function splitNumber(text) {
  const m = GRAMMAR.exec(text);
  if (!m || (!m[2] && !m[3])) return null;
  const whole = m[2] ?? '';
  const all = whole + (m[3] ?? '');
  const leading = /^0*/.exec(all)[0].length;
  const digits = all.slice(leading).replace(/0+$/, '');
  if (!digits) return { negative: false, digits: '', exponent: 0 };
  return { negative: m[1] === '-', digits, exponent: whole.length - leading + Number(m[4] ?? 0) };
}

/** Plain decimal text, as the service returns it; text that is no number comes back as it is. */
export function normalNumber(text) {
  const parts = splitNumber(text);
  if (!parts || Math.abs(parts.exponent) > 200) return text;
  const { negative, digits, exponent } = parts;
  if (!digits) return '0';
  let plain;
  if (exponent <= 0) plain = `0.${'0'.repeat(-exponent)}${digits}`;
  else if (exponent >= digits.length) plain = digits + '0'.repeat(exponent - digits.length);
  else plain = `${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
  return negative ? `-${plain}` : plain;
}

/** Stored bytes: one per pair of digits aligned at the decimal point, one more, and one for a minus sign. */
export function numberBytes(text) {
  const parts = splitNumber(text);
  if (!parts || !parts.digits) return 1;
  const high = parts.exponent - 1;
  const low = parts.exponent - parts.digits.length;
  return 1 + Math.floor(high / 2) - Math.floor(low / 2) + 1 + (parts.negative ? 1 : 0);
}
