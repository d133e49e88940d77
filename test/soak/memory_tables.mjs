// Tables in memory that answer as DynamoDB Local does, as far as a load asks: it is the upstream of the front, which adds
// signatures, throttles, faults, request ids, x-amz-crc32 and the service's own texts.
import { putUnits } from '../stack/front/dynamodb/item_size.mjs';
import { itemText, keyText } from './item_text.mjs';

const BATCH_LIMIT = 25;

export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const invalid = (message) => new Refused('com.amazon.coral.validate#ValidationException', message);
const missing = () => new Refused('com.amazonaws.dynamodb.v20120810#ResourceNotFoundException', 'Cannot do operations on a non-existent table');

const describe = ({ name, request }, items) => ({
  TableName: name, TableStatus: 'ACTIVE', ItemCount: items.size, TableSizeBytes: 0, CreationDateTime: 1.7e9,
  TableArn: `arn:aws:dynamodb:ddblocal:000000000000:table/${name}`, BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
  KeySchema: request.KeySchema, AttributeDefinitions: request.AttributeDefinitions,
  ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
});

class Table {
  constructor(request) {
    this.name = request.TableName;
    this.request = request;
    this.keyNames = request.KeySchema.map(({ AttributeName }) => AttributeName);
    this.types = new Map(request.AttributeDefinitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]));
    this.items = new Map();
  }

  checkKey(item) {
    for (const name of this.keyNames) {
      const value = item[name]?.[this.types.get(name)];
      if (value === undefined) throw invalid('One of the required keys was not given a value');
      if (value === '') throw invalid(`One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ${name}`);
    }
  }

  /** A list of WriteRequests as [key, item or null], checked as a whole before anything is applied. */
  read(list) {
    const keys = new Set();
    const writes = list.map(({ PutRequest, DeleteRequest }) => {
      const item = PutRequest?.Item ?? DeleteRequest?.Key;
      if (!item) throw invalid('Supplied AttributeValue is empty, must contain exactly one of the supported datatypes');
      this.checkKey(item);
      const key = keyText(item, this.keyNames);
      if (keys.has(key)) throw invalid('Provided list of item keys contains duplicates');
      keys.add(key);
      return [key, PutRequest ? item : null];
    });
    return writes;
  }

  /** Returns the units consumed. */
  apply(writes) {
    let units = 0;
    for (const [key, item] of writes) {
      if (item) this.items.set(key, itemText(item));
      else this.items.delete(key);
      units += item ? putUnits(item) : 1;
    }
    return units;
  }
}

export class MemoryTables {
  constructor() { this.tables = new Map(); }

  #table(name) {
    const table = this.tables.get(name);
    if (!table) throw missing();
    return table;
  }

  /** The texts of a table's items, in no order. */
  itemTexts(name) { return this.#table(name).items.values(); }

  CreateTable(request) {
    if (this.tables.has(request.TableName)) {
      throw new Refused('com.amazonaws.dynamodb.v20120810#ResourceInUseException', 'Cannot create preexisting table');
    }
    const table = new Table(request);
    this.tables.set(table.name, table);
    return { TableDescription: describe(table, table.items) };
  }

  DescribeTable({ TableName: name }) { return { Table: describe(this.#table(name), this.#table(name).items) }; }

  ListTables() { return { TableNames: [...this.tables.keys()].sort() }; }

  DeleteTable({ TableName: name }) {
    const table = this.#table(name);
    this.tables.delete(name);
    return { TableDescription: { ...describe(table, table.items), TableStatus: 'DELETING' } };
  }

  BatchWriteItem({ RequestItems: requested = {}, ReturnConsumedCapacity: asked = 'NONE' }) {
    const lists = Object.entries(requested);
    const count = lists.reduce((sum, [, list]) => sum + list.length, 0);
    if (count > BATCH_LIMIT) throw invalid('Too many items requested for the BatchWriteItem call');
    if (count === 0) throw invalid('The batch write request list for a table cannot be null or empty');
    const read = lists.map(([name, list]) => [this.#table(name), this.#table(name).read(list)]);
    const consumed = read.map(([table, writes]) => ({ TableName: table.name, CapacityUnits: table.apply(writes) }));
    if (asked === 'NONE') return { UnprocessedItems: {} };
    return { UnprocessedItems: {}, ConsumedCapacity: consumed.map((entry) =>
      (asked === 'INDEXES' ? { ...entry, Table: { CapacityUnits: entry.CapacityUnits } } : entry)) };
  }
}
