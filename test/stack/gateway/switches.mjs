// The switches: each uncertain fact about Redshift, and each fault, that a test may turn at run time.

const DEFINITIONS = {
  zstd_with_json: { default: 'allow', oneOf: ['allow', 'refuse'] },
  gzip_with_json: { default: 'allow', oneOf: ['allow', 'refuse'] },
  boolean_json: { default: 'literal', oneOf: ['literal', 'quoted', 'bare'] },
  decimal_json: { default: 'number', oneOf: ['number', 'string'] },
  nonfinite_json: { default: 'string', oneOf: ['string', 'bare', 'null'] },
  json_escapes: { default: 'minimal', oneOf: ['minimal', 'slash', 'unicode', 'all'] },
  super_text: { default: 'compact', oneOf: ['compact', 'stored'] },
  json_suffix: { default: false, oneOf: [false, true] },
  char_padding: { default: true, oneOf: [false, true] },
  manifest_on_zero_rows: { default: false, oneOf: [false, true] },
  manifest_schema: { default: 'clean', oneOf: ['clean', 'broken', 'absent'] },
  row_counts: { default: 'told', oneOf: ['told', 'withheld'] },
  bucket_region: { default: '', type: 'string' },
  slices: { default: 4, type: 'number', least: 1 },
  rows_per_file: { default: 0, type: 'number', least: 0 },
  unload_delay_ms: { default: 0, type: 'number', least: 0 },
  unload_hold: { default: false, oneOf: [false, true] },
  drop_connection_during_unload: { default: false, oneOf: [false, true] },
  fail_unload_after_files: { default: 0, type: 'number', least: 0 },
  unload_error: { default: null, type: 'error' },
  fault_unloads: { default: 0, type: 'number', least: 0 },
  hang_connect: { default: false, oneOf: [false, true] },
};

function acceptable(definition, value) {
  if (definition.oneOf) return definition.oneOf.includes(value);
  if (definition.type === 'number') return Number.isInteger(value) && value >= definition.least;
  if (definition.type === 'string') return typeof value === 'string';
  return value === null || (typeof value === 'object' && typeof value.message === 'string');
}

export class Switches {
  constructor() {
    this.reset();
  }

  reset() {
    this.faultsTaken = 0;
    this.values = Object.fromEntries(Object.entries(DEFINITIONS).map(([name, { default: value }]) => [name, value]));
  }

  get(name) {
    if (!Object.hasOwn(DEFINITIONS, name)) throw new Error(`no switch is named ${name}`);
    return this.values[name];
  }

  // Whether the faults hit the UNLOAD that begins now.
  takeUnloadFault() {
    if (this.values.fault_unloads === 0) return true;
    if (this.faultsTaken >= this.values.fault_unloads) return false;
    this.faultsTaken += 1;
    return true;
  }

  // All or nothing; returns the problems found.
  set(changes) {
    const problems = [];
    for (const [name, value] of Object.entries(changes)) {
      const definition = DEFINITIONS[name];
      if (!definition) problems.push(`no switch is named ${name}`);
      else if (!acceptable(definition, value)) problems.push(`${name} cannot be ${JSON.stringify(value)}`);
    }
    if (problems.length) return problems;
    Object.assign(this.values, changes);
    this.faultsTaken = 0;
    return problems;
  }

  describe() {
    return Object.fromEntries(Object.entries(DEFINITIONS).map(([name, definition]) => [name,
      { value: this.values[name], default: definition.default, ...(definition.oneOf && { one_of: definition.oneOf }) }]));
  }
}
