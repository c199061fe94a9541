/** Plain node:http that answers a short JSON: what any API suffers on a busy machine. Prints "port N". */
import { createServer } from 'node:http';

const server = createServer((_request, response) => {
  response.setHeader('content-type', 'application/json').end('{"items":[]}');
});
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
