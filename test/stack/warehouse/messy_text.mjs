// Short texts as people, shops and broken exports really leave them in a database. Invisible characters
// are written as escapes. NUL is missing because neither Redshift nor PostgreSQL stores it.

export const QUOTES_AND_ESCAPES = [
  'It\'s "fine" - my wife\'s words, not mine',
  '5\'11" tall and the 32\\34 fit',
  'C:\\temp\\new\\review.txt',
  'ends with a backslash \\',
  'two of them \\\\ and a quote \\"',
  'looks like escapes: \\n \\t \\u0041 \\x41 \\0 \\N',
  '""quoted"" \'\'twice\'\' `and` ticked',
  '{"json": ["inside", null, 1.50]}',
  'a,b;c|d^e~f',
  "Robert'); DROP TABLE reviews;--",
  '$1 $$body$$ $tag$ %s %d {0} ${x}',
];

export const LINE_BREAKS = [
  'first line\nsecond line',
  'DOS line\r\nends here\r\n',
  'old Mac\rline',
  'tab\tseparated\tvalues',
  '\n\nstarts with two line breaks',
  'unicode breaks:\u2028line\u2029paragraph\u0085next line',
];

export const MARKUP = [
  'Great!<br /><br />Would buy again.',
  'Tom &amp; Jerry &quot;Classic&quot; &#34;Edition&#34; &lt;3',
  '<a href="http://www.example.com/dp/B000000000">link</a>',
  '[[VIDEOID:123abc]] see my video &nbsp;',
  '<![CDATA[ not closed',
  '&amp;amp;amp; encoded three times',
];

export const WORLD_SCRIPTS = [
  '\u{1F600}\u{1F44D}\u{1F3FD} loved it \u2764\ufe0f',
  '\u{1F468}\u200d\u{1F469}\u200d\u{1F467}\u200d\u{1F466} family, \u{1F3F3}\ufe0f\u200d\u{1F308} flag, \u{1F9D1}\u{1F3FF}\u200d\u{1F680} astronaut',
  '\u{1F1E9}\u{1F1EA}\u{1F1EF}\u{1F1F5} flags and keycaps 1\ufe0f\u20e3',
  'とても良い商品です。また買います！',
  '质量很好，物流也快。五星好评',
  '배송이 빨라요 좋아요',
  '\u{20BB7}野家 \u{2A6D6} rare ideographs',
  'مُنْتَج رائع جِدًّا، شكراً',
  'מוצר מצוין, ממליץ בחום',
  'mixed \u202eright-to-left\u202c and \u2066isolates\u2069 \u200f',
  'e\u0301 against \u00e9, n\u0303 against \u00f1, A\u030a against \u00c5 against \u212b',
  'Z\u0351\u036b\u0343a\u0329\u0316l\u034e\u033ag\u0321\u031eo\u0309',
  'Straße, İstanbul, ıI, ǅ, ŒUVRE, ﬁne ligature, ẞ',
  'हिन्दी में अच्छा उत्पाद, ไทยดีมาก, தமிழ்',
  'Отличный товар, всем советую',
  '\u{1D4D7}\u{1D4EE}\u{1D4F5}\u{1D4F5}\u{1D4F8} \u{10FFFD} \ue000 private use',
];

export const CONTROL_CHARACTERS = [
  'bell \u0007 backspace \u0008 escape \u001b[31mred\u001b[0m',
  '\u0001\u0002\u0003\u0004\u0005\u0006\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001c\u001d\u001e\u001f\u007f',
  'vertical \u000b tab and form \u000c feed',
  '\ufeffstarts with a byte order mark',
  'zero\u200bwidth\u2060and\u00adsoft hyphen\u00a0no-break space',
  'replacement \ufffd, noncharacters \ufffe \uffff',
  'mojibake: itÃ¢â‚¬â„¢s CafÃ© \u0080\u0099',
];

export const LOOK_ALIKES = [
  'NULL', 'null', '\\N', '\\\\N', 'NaN', 'Infinity', '-inf', 'true', 't', '0', '007', '1e5', '-', '--', '/* comment */', "'", '"',
  '\\', ' ', '   ', '\t', '\n', ' leading blank', 'trailing blanks   ', 'N/A', 'None', 'undefined', '[object Object]', '{}', '[]', '{"S":"x"}',
];

export const ALL_MESSY_TEXTS = [
  '', ...QUOTES_AND_ESCAPES, ...LINE_BREAKS, ...MARKUP, ...WORLD_SCRIPTS, ...CONTROL_CHARACTERS, ...LOOK_ALIKES,
];
