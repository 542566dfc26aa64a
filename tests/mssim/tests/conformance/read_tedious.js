// Reads a query with tedious and prints the rows as JSON.
// Arguments: directory of node_modules, port, password, query, encrypt (false, true, strict), parameter @id (or none).
const path = require('path');
const fs = require('fs');
const [modules, port, password, query, encrypt, id] = process.argv.slice(2);
const { Connection, Request, TYPES } = require(path.join(modules, 'tedious'));

function shown(value) {
  if (value === null) return null;
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) {
    return value.length < 100 ? '0x' + value.toString('hex') : `${value.length} bytes of 0x${value.toString('hex', 0, 1)}`;
  }
  const text = Object.is(value, -0) ? '-0' : String(value);
  return text.length < 100 ? text : `${text.length} characters of ${text.slice(0, 2)}`;
}

const connection = new Connection({
  server: 'localhost',
  authentication: { type: 'default', options: { userName: 'sa', password } },
  options: {
    port: Number(port),
    database: 'matrix',
    encrypt: encrypt === 'strict' ? 'strict' : encrypt === 'true',
    cryptoCredentialsDetails: process.env.CA_FILE ? { ca: fs.readFileSync(process.env.CA_FILE) } : {},
    serverName: encrypt === 'strict' ? 'localhost' : undefined,
    connectTimeout: 10000,
  },
});
connection.connect((error) => {
  if (error) {
    console.log(JSON.stringify({ error: error.code === 'ELOGIN', text: error.message }));
    process.exit(0);
  }
  const rows = [];
  const request = new Request(query, (failed) => {
    console.log(JSON.stringify(failed ? { error: true, number: failed.number } : rows));
    connection.close();
  });
  request.on('row', (columns) => {
    rows.push(Object.fromEntries(columns.map((c) => [c.metadata.colName, shown(c.value)])));
  });
  if (id) {
    request.addParameter('id', TYPES.Int, Number(id));
    connection.execSql(request);
  } else {
    connection.execSqlBatch(request);
  }
});
