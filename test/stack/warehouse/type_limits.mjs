// The values that table all_types is made of: for each column its Redshift type and the texts which take
// the type to its limits, within what DynamoDB can hold. Timestamps stay in the years 1 to 9999.

import { ALL_MESSY_TEXTS } from './messy_text.mjs';
import { SUPER_VALUES } from './super_limits.mjs';

const NINES_38 = '9'.repeat(38);
const DIGITS_38 = '12345678901234567890123456789012345678';

/** Texts for DECIMAL(38, scale): the largest, the smallest step, ones and zeros in different places. */
function decimalValues(scale) {
  const place = (digits) => {
    const padded = digits.padStart(scale + 1, '0');
    return scale === 0 ? padded : `${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
  };
  const shapes = [NINES_38, DIGITS_38, '1', '10', '5000', `1${'0'.repeat(37)}`, `1${'0'.repeat(36)}1`, '7'.repeat(19), '1'.padEnd(scale + 1, '0')];
  return ['0', ...shapes.map(place), ...shapes.map((digits) => `-${place(digits)}`)];
}

const bytes = (count, byteAt) => `\\x${Buffer.from({ length: count }, (_, i) => byteAt(i)).toString('hex')}`;
const someByte = (i) => (i * 167 + (i >> 8)) & 0xff;

const DATES = ['0001-01-01', '0004-02-29', '0099-12-31', '1000-01-01', '1582-10-10', '1900-02-28', '1969-12-31', '1970-01-01', '2000-02-29', '2024-02-29', '2038-01-20', '9999-12-31'];

const TIMES = ['00:00:00', '00:00:00.000001', '01:02:03.5', '09:05:00.120000', '12:00:00', '23:59:59', '23:59:59.999999'];

const OFFSETS = ['+00', '-08', '+05:30', '+05:45', '-03:30', '+14', '-12', '+01'];

const TIMESTAMPS = [
  '0001-01-01 00:00:00', '0001-01-01 00:00:00.000001', '1582-10-15 12:30:00.5', '1969-12-31 23:59:59.999999', '1970-01-01 00:00:00',
  '1999-12-31 23:59:59.1', '2000-01-01 00:00:00.00001', '2015-08-31 07:08:09.100200', '2024-02-29 12:00:00.123456', '9999-12-31 23:59:59.999999',
];

const zonedMiddle = TIMESTAMPS.slice(2, -1).flatMap((t, i) => [`${t}${OFFSETS[i % OFFSETS.length]}`, `${t}${OFFSETS[(i + 3) % OFFSETS.length]}`]);

export const TYPE_LIMITS = [
  ['c_smallint', 'SMALLINT', ['0', '1', '-1', '100', '32767', '-32768']],
  ['c_integer', 'INTEGER', ['0', '7', '-7', '1000000', '2147483647', '-2147483648']],
  ['c_bigint', 'BIGINT', ['0', '9007199254740993', '-9007199254740993', '1000000000000000000', '9223372036854775807', '-9223372036854775808']],
  ['c_decimal_default', 'DECIMAL(18,0)', ['0', '999999999999999999', '-999999999999999999']],
  ['c_decimal_0', 'DECIMAL(38,0)', decimalValues(0)],
  ['c_decimal_2', 'DECIMAL(38,2)', decimalValues(2)],
  ['c_decimal_18', 'DECIMAL(38,18)', decimalValues(18)],
  ['c_decimal_37', 'DECIMAL(38,37)', decimalValues(37)],
  ['c_real', 'REAL', [
    '0', '-0', '1', '-1.5', '0.1', '0.2', '0.3', '0.33333334', '16777216', '16777217', '1e-45', '-1e-45', '1.1754944e-38', '1.1754942e-38',
    '3.4028235e38', '-3.4028235e38', '1e10', '9999999', '123456.79', '8.5899346e9', '4.1808e-30', '2.7182817', '33554434', '0.00012207031',
  ]],
  ['c_double', 'DOUBLE PRECISION', [
    '0', '-0', '1', '-1.5', '0.1', '0.2', '0.30000000000000004', '0.3333333333333333', '0.6666666666666666', '1e-130', '-1e-130', '4.9406564584124654e-100',
    '2.2250738585072014e-120', '9.9e125', '-9.9e125', '9.999999999999998e125', '9.9999999999999992e125', '-9.9999999999999992e125', '1e16', '123456789012345680', '9007199254740993', '1.7976931348623157e100',
    '5e-324', '3.141592653589793', '2.718281828459045', '1e23', '8.41e21', '9.5367431640625e-07', '100', '1e100',
  ].filter((text) => Number(text) === 0 || Math.abs(Number(text)) >= 1e-130)],
  ['c_boolean', 'BOOLEAN', ['t', 'f']],
  ['c_char', 'CHAR(12)', ['', 'a', 'two words', 'exactly 12 c', '  leading', 'trailing   ', '            ', "it's \\ \"q\"", '\\N', 'NULL', '\ttab']],
  ['c_varchar', 'VARCHAR(65535)', [...ALL_MESSY_TEXTS, 'x'.repeat(65_535), '\u{1F600}'.repeat(16_383), '\\"\n'.repeat(20_000)]],
  ['c_date', 'DATE', DATES],
  ['c_time', 'TIME', TIMES],
  ['c_timetz', 'TIMETZ', TIMES.map((t, i) => `${t}${OFFSETS[i % OFFSETS.length]}`)],
  ['c_timestamp', 'TIMESTAMP', TIMESTAMPS],
  ['c_timestamptz', 'TIMESTAMPTZ', ['0001-01-01 00:00:00+00', '0001-01-01 05:45:00.000001+05:45', ...zonedMiddle, '9999-12-31 23:59:59.999999+00', '9999-12-31 15:59:59.999999-08']],
  ['c_interval_ym', 'INTERVAL YEAR TO MONTH', ['0 months', '1 month', '11 months', '1 year', '1 year 2 months', '-1 year -2 months', '178956970 years 7 months', '-5 months']],
  ['c_interval_ds', 'INTERVAL DAY TO SECOND', [
    '0 seconds', '0.000001 seconds', '1 second', '59.999999 seconds', '1 minute', '1 hour', '1 day', '1 day 02:03:04.5678', '-1 day -02:03:04.5678',
    '-00:00:00.5', '30 days', '365 days 23:59:59.999999', '-00:59:00', '-10 days',
  ]],
  ['c_varbyte', 'VARBYTE', [
    bytes(0, someByte), bytes(1, () => 0), bytes(1, () => 0xff), bytes(256, (i) => i), bytes(2, someByte), bytes(3, someByte), bytes(1_024, someByte),
    bytes(40_000, someByte), bytes(65_535, someByte), bytes(65_536, someByte), bytes(100_000, someByte),
  ]],
  ['c_super', 'SUPER', SUPER_VALUES],
];
