// What the front knows about tables: key schema and billing mode (asked of DynamoDB Local once), the time until a new
// table is ACTIVE, and the names of tables that differ from another one only in case (DynamoDB Local cannot hold both).

const ALIAS = '..case';

export const bareName = (name) => (name.startsWith('arn:') ? name.split('/')[1] ?? name : name);

export class Tables {
  /** @param call async (operation, request) -> {status, json} straight to DynamoDB Local */
  constructor(call) {
    this.call = call;
    this.known = new Map();
    this.activeAt = new Map();
    this.aliases = new Map();
  }

  /** {partitionKey, keyNames, provisioned} or null when there is no such table. */
  async describe(name) {
    const bare = bareName(name);
    if (!this.known.has(bare)) {
      const { status, json } = await this.call('DescribeTable', { TableName: this.localName(bare) });
      if (status !== 200) return null;
      this.known.set(bare, schemaOf(json.Table));
    }
    return this.known.get(bare);
  }

  forget(name) {
    this.known.delete(name);
    this.activeAt.delete(name);
  }

  created(name, creatingMs) {
    if (creatingMs > 0) this.activeAt.set(name, Date.now() + creatingMs);
  }

  isCreating(name) {
    const at = this.activeAt.get(bareName(name));
    if (at === undefined) return false;
    if (Date.now() < at) return true;
    this.activeAt.delete(bareName(name));
    return false;
  }

  /** Must be called before CreateTable is passed on: gives the name an alias if one of other case exists. */
  async reserve(name) {
    const { json } = await this.call('ListTables', {});
    const names = json.TableNames ?? [];
    const clash = names.some((other) => other !== name && other.toLowerCase() === name.toLowerCase());
    if (clash && !this.aliases.has(name)) this.aliases.set(name, `${name}${ALIAS}${this.aliases.size + 1}`);
  }

  deleted(name) {
    this.forget(name);
    this.aliases.delete(name);
  }

  localName(name) { return this.aliases.get(name) ?? name; }

  /** The request as DynamoDB Local must see it; the same object when no alias is concerned. */
  toLocal(request) {
    if (!this.aliases.size) return request;
    return renamed(request, (name) => this.localName(bareName(name)));
  }

  /** The reply as the client must see it. */
  fromLocal(reply) {
    if (!this.aliases.size) return reply;
    const back = new Map([...this.aliases].map(([name, alias]) => [alias, name]));
    return renamed(reply, (name) => back.get(name) ?? name);
  }
}

function schemaOf(table) {
  const partitionKey = table.KeySchema.find((key) => key.KeyType === 'HASH').AttributeName;
  return {
    partitionKey, keyNames: table.KeySchema.map((key) => key.AttributeName),
    provisioned: table.BillingModeSummary?.BillingMode !== 'PAY_PER_REQUEST',
  };
}

const BY_TABLE = new Set(['RequestItems', 'UnprocessedItems', 'UnprocessedKeys', 'Responses', 'ItemCollectionMetrics']);

function renamed(value, rename) {
  if (!value || typeof value !== 'object') return value;
  const copy = { ...value };
  for (const field of ['TableName', 'LastEvaluatedTableName', 'ExclusiveStartTableName']) {
    if (typeof copy[field] === 'string') copy[field] = rename(copy[field]);
  }
  if (Array.isArray(copy.TableNames)) copy.TableNames = copy.TableNames.map(rename);
  if (typeof copy.TableArn === 'string') copy.TableArn = copy.TableArn.replace(/[^/]+$/, rename);
  for (const field of ['Table', 'TableDescription']) if (copy[field]) copy[field] = renamed(copy[field], rename);
  if (Array.isArray(copy.ConsumedCapacity)) copy.ConsumedCapacity = copy.ConsumedCapacity.map((c) => renamed(c, rename));
  else if (copy.ConsumedCapacity) copy.ConsumedCapacity = renamed(copy.ConsumedCapacity, rename);
  for (const field of BY_TABLE) {
    if (copy[field] && !Array.isArray(copy[field])) {
      copy[field] = Object.fromEntries(Object.entries(copy[field]).map(([name, list]) => [rename(name), list]));
    }
  }
  return copy;
}
