// Behaviour that can be switched at run time (POST /settings).

const CHECKS = {
  /** Regions that signatures may be scoped to, per service; the first one is named in ARNs and errors. */
  regions: (value) => ['s3', 'dynamodb'].every((service) => Array.isArray(value[service]) && value[service].length > 0),
  /** How long a new table is shown as CREATING and refuses data operations. */
  creating_ms: (value) => typeof value === 'number' && value >= 0,
  /** Whether UnprocessedItems holds number literals as they were sent or in normal form (the service's way is not documented). */
  unprocessed_numbers: (value) => ['verbatim', 'normal'].includes(value),
};

export class Settings {
  constructor(region) {
    this.defaults = { regions: { s3: [region], dynamodb: [region] }, creating_ms: 0, unprocessed_numbers: 'verbatim' };
    this.reset();
  }

  reset() { Object.assign(this, structuredClone(this.defaults)); }

  /** Throws when a name or value is wrong, and then changes nothing. */
  change(values) {
    const merged = { ...values, ...(values.regions ? { regions: { ...this.regions, ...values.regions } } : {}) };
    for (const [name, value] of Object.entries(merged)) {
      if (!CHECKS[name]) throw new Error(`unknown setting "${name}"; known: ${Object.keys(CHECKS).join(', ')}`);
      if (!CHECKS[name](value)) throw new Error(`wrong value for setting "${name}"`);
    }
    Object.assign(this, merged);
  }

  list() { return Object.fromEntries(Object.keys(CHECKS).map((name) => [name, this[name]])); }
}
