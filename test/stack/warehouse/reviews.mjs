// amazon_reviews: a generated table with the columns of the Amazon Customer Reviews data set and text as
// messy as theirs. Every row is made from its own number alone, so a short table is the beginning of a long
// one and two machines get the same rows. One row is about 570 bytes as the JSON of a DynamoDB item.

import { ALL_MESSY_TEXTS, CONTROL_CHARACTERS, LINE_BREAKS, MARKUP, QUOTES_AND_ESCAPES, WORLD_SCRIPTS } from './messy_text.mjs';
import { Random } from './random.mjs';

const SEED = 20_150_831;
const LONGEST_BODY_BYTES = 20_000;
const FIRST_DAY_MS = Date.UTC(1995, 5, 24);
const DAY_MS = 86_400_000;
const DAYS = 7373;

const MARKETPLACES = ['US', 'US', 'US', 'US', 'UK', 'DE', 'FR', 'JP'];
const CATEGORIES = [
  'Books', 'Music', 'Video DVD', 'Toys', 'Wireless', 'Kitchen', 'Apparel', 'Shoes', 'Office Products', 'Pet Products',
  'Digital_Ebook_Purchase', 'Health & Personal Care', 'Mobile_Apps', 'Lawn and Garden', 'Musical Instruments',
];
const ADJECTIVES = ['Classic', 'Deluxe', 'Mini', 'Pro', 'Wireless', 'Vintage', 'Organic', '2-Pack', 'Stainless', 'Kids\'', 'Ultra-Slim', '12" Heavy'];
const NOUNS = ['Headphones', 'Tea Kettle', 'Notebook', 'Dog Bed', 'Lamp', 'Guitar Strings', 'Running Shoes', 'Puzzle', 'Garden Hose', 'Case', 'Novel', 'Café Press'];
const SUFFIXES = ['', '', '', ', Black', ' (Set of 4)', ' [Import]', ' - New & Improved', ', 3/4" x 10\'', '™', ' Vol. II'];
const HEADLINES = [
  'Five Stars', 'Four Stars', 'Three Stars', 'Two Stars', 'One Star', 'Great product', 'Not what I expected', 'Love it!!!', 'Works',
  '"Perfect" gift', 'Don\'t buy', 'Meh...', 'Good value &amp; fast', 'A+++', 'Très bien', 'Würde ich wieder kaufen',
];
const SENTENCES = [
  'Great.', 'I like it.', 'Works as described.', 'It broke after two weeks.', 'My daughter loves it!', 'Fast shipping.', 'Don\'t waste your money.',
  'The color isn\'t the same as in the picture.', 'I\'ve bought 3 of these & all are fine.', 'Would recommend.', 'Très bon produit.',
  'Sehr gut, schöne Farben.', 'Too small for a 6\'2" guy.', 'Read it in one evening.', 'Good price/quality.', 'The sound is "ok".', 'Meh',
];
const MESSY_KINDS = [QUOTES_AND_ESCAPES, LINE_BREAKS, MARKUP, WORLD_SCRIPTS, CONTROL_CHARACTERS, ALL_MESSY_TEXTS];
const BASE36 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Twelve letters and digits, unique for every row below 36^6. */
function reviewId(row, random) {
  let tail = '';
  for (let i = 0; i < 6; i += 1) tail += BASE36[random.below(36)];
  return `R${row.toString(36).toUpperCase().padStart(6, '0')}${tail}`;
}

function productId(random) {
  let id = random.chance(0.2) ? String(random.below(10)).padStart(3, '0') : 'B00';
  while (id.length < 10) id += BASE36[random.below(36)];
  return id;
}

const productTitle = (random) => `${random.pick(ADJECTIVES)} ${random.pick(NOUNS)}${random.pick(SUFFIXES)}`;

function headline(random) {
  const kind = random.unit();
  if (kind < 0.02) return null;
  if (kind < 0.04) return '';
  if (kind < 0.1) return random.pick(ALL_MESSY_TEXTS);
  return random.pick(HEADLINES);
}

function longBody(random) {
  const wantedBytes = random.between(2_000, LONGEST_BODY_BYTES - 500);
  let body = '';
  let bytes = 0;
  while (bytes < wantedBytes) {
    const part = `${random.chance(0.3) ? random.pick(ALL_MESSY_TEXTS) : random.pick(SENTENCES)}${random.chance(0.1) ? '<br /><br />' : ' '}`;
    body += part;
    bytes += Buffer.byteLength(part);
  }
  return body;
}

function body(random) {
  const kind = random.unit();
  if (kind < 0.01) return null;
  if (kind < 0.02) return '';
  if (kind < 0.0207) return longBody(random);
  if (kind < 0.2) return `${random.pick(random.pick(MESSY_KINDS))}${random.chance(0.5) ? ` ${random.pick(SENTENCES)}` : ''}`;
  if (kind < 0.45) return random.pick(SENTENCES);
  const sentences = Array.from({ length: random.between(2, 8) }, () => random.pick(SENTENCES));
  return sentences.join(kind > 0.9 ? '\n' : ' ');
}

/** Most reviews have no votes; a few have thousands. */
function votes(random) {
  if (random.chance(0.6)) return [0, 0];
  const total = random.chance(0.01) ? random.between(100, 40_000) : random.between(1, 30);
  return [random.below(total + 1), total];
}

function reviewRow(row) {
  const random = Random.forRow(SEED, row);
  const [helpful, total] = votes(random);
  const date = new Date(FIRST_DAY_MS + random.below(DAYS) * DAY_MS).toISOString().slice(0, 10);
  const undated = random.chance(0.001);
  return [
    random.pick(MARKETPLACES), random.digits(random.between(5, 8)), reviewId(row, random), productId(random),
    random.digits(random.between(6, 9)), productTitle(random), random.pick(CATEGORIES), random.chance(0.002) ? null : random.between(1, 5),
    helpful, total, random.chance(0.01) ? 'Y' : 'N', random.chance(0.75) ? 't' : 'f', headline(random), body(random),
    undated ? null : date, undated ? null : date.slice(0, 4),
  ];
}

export const amazonReviews = {
  name: 'amazon_reviews',
  comment: 'generated, with the columns of the Amazon Customer Reviews data set',
  columns: [
    ['marketplace', 'VARCHAR(2)'], ['customer_id', 'VARCHAR(8)'], ['review_id', 'VARCHAR(24) NOT NULL'], ['product_id', 'VARCHAR(24)'],
    ['product_parent', 'VARCHAR(32)'], ['product_title', 'VARCHAR(512)'], ['product_category', 'VARCHAR(256)'], ['star_rating', 'INTEGER'],
    ['helpful_votes', 'INTEGER'], ['total_votes', 'INTEGER'], ['vine', 'CHAR(1)'], ['verified_purchase', 'BOOLEAN'],
    ['review_headline', 'VARCHAR(512)'], ['review_body', 'VARCHAR(65535)'], ['review_date', 'DATE'], ['year', 'INTEGER'],
  ],
  *rows({ reviewRows }) {
    for (let row = 1; row <= reviewRows; row += 1) yield reviewRow(row);
  },
};
