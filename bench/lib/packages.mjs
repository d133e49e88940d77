// The npm packages live with the stand-ins (test/stack/node_modules); this finds them from here.
import { createRequire } from 'node:module';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

const requireFromStack = createRequire(new URL('../../test/stack/package.json', import.meta.url));

export const pg = requireFromStack('pg');
export const loadDynamodb = () => requireFromStack('@aws-sdk/client-dynamodb');
export const loadNodeHttpHandler = () => requireFromStack('@smithy/node-http-handler');
