// What the demo exports. Each entry: the query as a user would type it, the target table and its key
// (names of result columns). `badRows` is how many rows cannot become items, and must be rejected;
// where there are some, `goodQuery` is the query for the rows that must arrive.

export const EXPORTS = [
  {
    query: 'SELECT * FROM airports',
    dynamodbTable: 'airports',
    key: ['iata'],
  },
  {
    query: 'SELECT state, zip_code, city, county, latitude, longitude FROM zipcodes;',
    dynamodbTable: 'zipcodes',
    key: ['state', 'zip_code'],
  },
  {
    query: `
      SELECT strike_id, airport_name AS "Airport Name", aircraft AS "Aircraft", damage AS "Damage", flight_date AS "Flight Date",
             operator AS "Operator", origin_state AS "Origin State", flight_phase AS "Phase", wildlife_size AS "Size",
             wildlife_species AS "Species", time_of_day AS "Time of day", cost_other, cost_repair,
             cost_total AS "Cost Total $", speed_knots AS "Speed (kn)"
        FROM birdstrikes  -- quoted names keep their case`,
    dynamodbTable: 'birdstrikes',
    key: ['strike_id'],
  },
  {
    query: 'SELECT * FROM movies',
    dynamodbTable: 'movies',
    key: ['movie_id'],
  },
  {
    query: 'SELECT * FROM earthquakes',
    dynamodbTable: 'earthquakes',
    key: ['id'],
  },
  {
    query: 'WITH f AS (SELECT * FROM flights) SELECT distance, flight_id, delay, "time" FROM f',
    dynamodbTable: 'flights',
    key: ['distance', 'flight_id'],
  },
  {
    query: 'SELECT * FROM amazon_reviews',
    dynamodbTable: 'reviews',
    key: ['review_id'],
  },
  {
    query: 'SELECT * FROM all_types',
    dynamodbTable: 'all_types',
    key: ['id'],
  },
  {
    query: 'SELECT * FROM bad_rows',
    goodQuery: 'SELECT * FROM public.bad_rows WHERE good',
    dynamodbTable: 'bad_rows',
    key: ['part_no'],
    badRows: 3,
  },
];

/** What verify_tables.mjs takes, for one of the entries above. */
export function verificationOf({ query, goodQuery, key, dynamodbTable }) {
  return { query: (goodQuery ?? query).replace(/;\s*$/, ''), key, dynamodbTable };
}
