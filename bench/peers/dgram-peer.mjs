/**
 * Plain node:dgram, doing the least: `count` counts what comes, `echo` sends it back.
 * dgram-peer.mjs count COUNT BUFFER | dgram-peer.mjs echo
 * Prints "port N"; count then prints JSON {"received", "ms", "cpuUs"} after COUNT datagrams or one silent second.
 */
import { createSocket } from 'node:dgram';

const [mode, count = '0', buffer = '8388608'] = process.argv.slice(2);
const socket = createSocket({ type: 'udp4', recvBufferSize: Math.min(Number(buffer), 2 ** 30) });
let received = 0;
let first = 0;
let last = 0;
if (mode === 'echo') socket.on('message', (payload, from) => socket.send(payload, from.port, from.address));
else {
  socket.on('message', () => {
    received++;
  });
  let seen = 0;
  setInterval(() => {
    if (received > 0 && first === 0) first = performance.now();
    if (received !== seen) last = performance.now();
    seen = received;
    if (received >= Number(count) || (first !== 0 && performance.now() - last > 1000)) finish();
  }, 5);
}
socket.bind(0, '127.0.0.1', () => console.log(`port ${socket.address().port}`));

function finish() {
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ received, ms: last - first, cpuUs: user + system }));
  process.exit();
}
