// The real data sets of the npm package vega-datasets, as warehouse tables. A definition holds the columns
// (name and Redshift type, in order), a comment, and rows(options), which yields arrays in column order.

import { readFileSync } from 'node:fs';
import { csvRecords } from './csv.mjs';
import { MAX_FLIGHT_ROWS } from './sizes.mjs';

// The package exports only its JavaScript, so its files are read by their place.
const dataFolder = new URL('../node_modules/vega-datasets/data/', import.meta.url);
const dataText = (name) => readFileSync(new URL(name, dataFolder), 'utf8');
const dataJson = (name) => JSON.parse(dataText(name));

const nullIfEmpty = (text) => (text === '' ? null : text);
const isoTime = (epochMs) => new Date(epochMs).toISOString();

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Jun 12 1998` as 1998-06-12. */
function isoDate(text) {
  const [month, day, year] = text.split(' ');
  return `${year}-${String(MONTHS.indexOf(month) + 1).padStart(2, '0')}-${day}`;
}

export const airports = {
  name: 'airports',
  comment: 'airports.csv of vega-datasets',
  columns: [
    ['iata', 'VARCHAR(4) NOT NULL'], ['name', 'VARCHAR(64)'], ['city', 'VARCHAR(64)'], ['state', 'VARCHAR(2)'],
    ['country', 'VARCHAR(40)'], ['latitude', 'DOUBLE PRECISION'], ['longitude', 'DOUBLE PRECISION'],
  ],
  *rows() {
    for (const r of csvRecords(dataText('airports.csv'))) {
      yield [r.iata, r.name, r.city, r.state, r.country, r.latitude, r.longitude];
    }
  },
};

export const zipcodes = {
  name: 'zipcodes',
  comment: 'zipcodes.csv of vega-datasets; codes are text, many begin with zeros',
  columns: [
    ['zip_code', 'VARCHAR(5) NOT NULL'], ['latitude', 'DECIMAL(9,6)'], ['longitude', 'DECIMAL(9,6)'],
    ['city', 'VARCHAR(40)'], ['state', 'CHAR(2)'], ['county', 'VARCHAR(40)'],
  ],
  *rows() {
    for (const r of csvRecords(dataText('zipcodes.csv'))) {
      yield [r.zip_code, r.latitude, r.longitude, r.city, r.state, r.county];
    }
  },
};

export const birdstrikes = {
  name: 'birdstrikes',
  comment: 'birdstrikes.csv of vega-datasets; strike_id is the line number',
  columns: [
    ['strike_id', 'INTEGER NOT NULL'], ['airport_name', 'VARCHAR(64)'], ['aircraft', 'VARCHAR(32)'], ['damage', 'VARCHAR(16)'],
    ['flight_date', 'DATE'], ['operator', 'VARCHAR(40)'], ['origin_state', 'CHAR(20)'], ['flight_phase', 'VARCHAR(16)'],
    ['wildlife_size', 'VARCHAR(8)'], ['wildlife_species', 'VARCHAR(32)'], ['time_of_day', 'VARCHAR(8)'],
    ['cost_other', 'DECIMAL(12,2)'], ['cost_repair', 'DECIMAL(12,2)'], ['cost_total', 'DECIMAL(12,2)'], ['speed_knots', 'SMALLINT'],
  ],
  *rows() {
    let strikeId = 0;
    for (const record of csvRecords(dataText('birdstrikes.csv'))) {
      strikeId += 1;
      yield [strikeId, ...Object.values(record).map(nullIfEmpty)];
    }
  },
};

export const movies = {
  name: 'movies',
  comment: 'movies.json of vega-datasets; movie_id is the position, title_found the title as it is there: text, number or null',
  columns: [
    ['movie_id', 'INTEGER NOT NULL'], ['title', 'VARCHAR(256)'], ['title_found', 'SUPER'], ['us_gross', 'BIGINT'],
    ['worldwide_gross', 'BIGINT'], ['us_dvd_sales', 'BIGINT'], ['production_budget', 'BIGINT'], ['release_date', 'DATE'],
    ['mpaa_rating', 'VARCHAR(10)'], ['running_time_min', 'SMALLINT'], ['distributor', 'VARCHAR(64)'], ['source', 'VARCHAR(64)'],
    ['major_genre', 'VARCHAR(32)'], ['creative_type', 'VARCHAR(32)'], ['director', 'VARCHAR(64)'],
    ['rotten_tomatoes_rating', 'SMALLINT'], ['imdb_rating', 'REAL'], ['imdb_votes', 'INTEGER'],
  ],
  *rows() {
    let movieId = 0;
    for (const m of dataJson('movies.json')) {
      movieId += 1;
      yield [
        movieId, m.Title, JSON.stringify(m.Title), m['US Gross'], m['Worldwide Gross'], m['US DVD Sales'], m['Production Budget'],
        isoDate(m['Release Date']), m['MPAA Rating'], m['Running Time min'], m.Distributor, m.Source, m['Major Genre'],
        m['Creative Type'], m.Director, m['Rotten Tomatoes Rating'], m['IMDB Rating'], m['IMDB Votes'],
      ];
    }
  },
};

export const earthquakes = {
  name: 'earthquakes',
  comment: 'earthquakes.json of vega-datasets: GeoJSON features, nested parts as SUPER beside typed columns',
  columns: [
    ['id', 'VARCHAR(16) NOT NULL'], ['place', 'VARCHAR(128)'], ['mag', 'DOUBLE PRECISION'], ['mag_type', 'VARCHAR(8)'],
    ['time', 'TIMESTAMPTZ'], ['updated', 'TIMESTAMP'], ['felt', 'INTEGER'], ['gap', 'REAL'], ['rms', 'DOUBLE PRECISION'],
    ['tsunami', 'BOOLEAN'], ['sig', 'SMALLINT'], ['properties', 'SUPER'], ['geometry', 'SUPER'],
  ],
  *rows() {
    for (const { id, properties: p, geometry } of dataJson('earthquakes.json').features) {
      yield [
        id, p.place, p.mag, p.magType, isoTime(p.time), isoTime(p.updated).slice(0, -1), p.felt, p.gap, p.rms,
        p.tsunami === 1 ? 't' : 'f', p.sig, JSON.stringify(p), JSON.stringify(geometry),
      ];
    }
  },
};

export const flights = {
  name: 'flights',
  comment: 'flights-200k.json of vega-datasets; flight_id is the position, time the hour of the day',
  columns: [
    ['flight_id', 'BIGINT NOT NULL'], ['delay', 'SMALLINT'], ['distance', 'INTEGER NOT NULL'], ['time', 'DOUBLE PRECISION'],
  ],
  *rows({ flightRows }) {
    let flightId = 0;
    for (const f of dataJson('flights-200k.json').slice(0, Math.min(flightRows, MAX_FLIGHT_ROWS))) {
      flightId += 1;
      yield [flightId, f.delay, f.distance, f.time];
    }
  },
};
