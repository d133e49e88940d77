-- wrk posts one ready-made body of the bodies file (BODY_FILE), unsigned: what TLS and HTTP cost by themselves.
local file = assert(io.open(os.getenv('BODY_FILE'), 'rb'))
local b1, b2, b3, b4 = file:read(4):byte(1, 4)
wrk.method = 'POST'
wrk.body = file:read(b1 + b2 * 256 + b3 * 65536 + b4 * 16777216)
wrk.headers['Content-Type'] = 'application/x-amz-json-1.0'
wrk.headers['X-Amz-Target'] = 'DynamoDB_20120810.BatchWriteItem'
file:close()
