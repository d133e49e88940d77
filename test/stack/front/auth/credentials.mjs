// The access keys the front accepts, and what each of them may do. Filled at start and over the control listener.

const ACCOUNT = '123456789012';

function matches(pattern, action) {
  const text = pattern.toLowerCase().replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.');
  return new RegExp(`^${text}$`).test(action.toLowerCase());
}

export class Credentials {
  /** @param initial credential that DELETE /credentials falls back to */
  constructor(initial) {
    this.initial = initial;
    this.reset();
  }

  reset() {
    this.byId = new Map();
    this.put(this.initial);
  }

  /** Adds or replaces one key; throws a text for the caller when a field is wrong. */
  put({ access_key_id, secret_access_key, session_token, expires_at, allow, deny }) {
    if (!access_key_id || !secret_access_key) throw new Error('access_key_id and secret_access_key are needed');
    const expires_at_ms = expires_at === undefined || expires_at === null ? Infinity : new Date(expires_at).getTime();
    if (Number.isNaN(expires_at_ms)) throw new Error(`expires_at is not a time: ${expires_at}`);
    this.byId.set(access_key_id, { access_key_id, secret_access_key, session_token, expires_at_ms, allow, deny });
  }

  remove(accessKeyId) { return this.byId.delete(accessKeyId); }

  find(accessKeyId) { return this.byId.get(accessKeyId); }

  /** For GET /credentials: no secrets. */
  list() {
    return [...this.byId.values()].map(({ access_key_id, session_token, expires_at_ms, allow, deny }) => ({
      access_key_id, has_session_token: Boolean(session_token),
      expires_at: expires_at_ms === Infinity ? null : new Date(expires_at_ms).toISOString(), allow, deny,
    }));
  }
}

/** Why the key may not do `action` ('explicit' or 'implicit'), or null when it may. */
export function denial(credential, action) {
  if (credential.deny?.some((pattern) => matches(pattern, action))) return 'explicit';
  if (credential.allow && !credential.allow.some((pattern) => matches(pattern, action))) return 'implicit';
  return null;
}

/** The sentence AWS puts into an AccessDenied error. */
export function denialText(credential, action, resource, kind) {
  const because = kind === 'explicit'
    ? 'with an explicit deny in an identity-based policy'
    : `because no identity-based policy allows the ${action} action`;
  return `User: arn:aws:iam::${ACCOUNT}:user/${credential.access_key_id.toLowerCase()} is not authorized to perform: `
    + `${action} on resource: ${resource} ${because}`;
}

export const tableArn = (region, table) =>
  (table.startsWith('arn:') ? table : `arn:aws:dynamodb:${region}:${ACCOUNT}:table/${table}`);
