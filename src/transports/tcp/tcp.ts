import type { Transport } from '../transport.ts';
export const tcpTransport: Transport = { engine: 'net', open: () => Promise.reject(new Error('to come')) };
