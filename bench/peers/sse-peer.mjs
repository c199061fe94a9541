/**
 * The plain way to fan out: each datagram is written to every event stream as it comes; the text is made once.
 * GET /?limit=N ends after N messages. Prints "port N", which is the number of both ports.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';

const clients = new Map();
let seq = 0;
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
socket.on('message', (payload, from) => {
  seq++;
  const data = JSON.stringify({ seq, at: new Date().toISOString(), remote: from, size: payload.length, base64: payload.toString('base64') });
  const text = `event: message\nid: ${seq}\ndata: ${data}\n\n`;
  for (const [response, left] of clients) {
    response.write(text);
    if (left > 1) clients.set(response, left - 1);
    else {
      clients.delete(response);
      response.end('event: end\ndata: {"reason":"limit"}\n\n');
    }
  }
});
const server = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': welcome\n\n');
  clients.set(response, Number(new URL(request.url, 'http://x').searchParams.get('limit')));
  response.on('close', () => clients.delete(response));
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  socket.bind(port, '127.0.0.1', () => console.log(`port ${port}`));
});
