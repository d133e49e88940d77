// What has passed through the front since start or since DELETE /counters.

function fresh() {
  return {
    since: new Date().toISOString(), requests: { dynamodb: {}, s3: {} }, replies: { dynamodb: {}, s3: {} },
    items_written: 0, items_unprocessed: 0, write_units: 0, throttled_calls: 0, throttled_items: 0,
    bytes_in: 0, bytes_out: 0, auth_failures: 0, denied: 0, faults_fired: 0, applied_late: 0,
    in_flight: { dynamodb: 0, s3: 0 }, max_in_flight: { dynamodb: 0, s3: 0 }, tables: {},
  };
}

export class Counters {
  constructor() { this.values = fresh(); }

  /** Requests under way stay counted as such. */
  reset() {
    const { in_flight } = this.values;
    this.values = { ...fresh(), in_flight, max_in_flight: { ...in_flight } };
  }

  begin(service) {
    const { in_flight, max_in_flight } = this.values;
    in_flight[service] += 1;
    max_in_flight[service] = Math.max(max_in_flight[service], in_flight[service]);
  }

  end(service) { this.values.in_flight[service] -= 1; }

  request(service, target) {
    const { requests } = this.values;
    requests[service][target] = (requests[service][target] ?? 0) + 1;
  }

  reply(service, status) {
    const { replies } = this.values;
    replies[service][status] = (replies[service][status] ?? 0) + 1;
  }

  add(name, amount) { this.values[name] += amount; }

  written(table, items, units) {
    const { tables } = this.values;
    tables[table] ??= { items_written: 0, write_units: 0 };
    tables[table].items_written += items;
    tables[table].write_units += units;
    this.add('items_written', items);
    this.add('write_units', units);
  }
}
