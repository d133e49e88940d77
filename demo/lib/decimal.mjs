// Decimal numbers as text, compared exactly. DynamoDB drops zeros and exponents, so equal numbers may be
// written differently: all of them have the same canonical form.

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** `-1.50` and `-15e-1` both as `-15e-1`, every zero as `0`; null if the text is no number. */
export function canonicalDecimal(text) {
  const match = NUMBER.exec(text);
  if (match === null) return null;
  const [, sign, whole, fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return null;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const power = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${sign === '-' ? '-' : ''}${significant}e${power}`;
}
