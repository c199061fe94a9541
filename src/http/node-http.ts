/**
 * node:http, taken without an import statement: one reads every export, and the one that Node loads late (its WebSocket
 * and fetch) takes as long to load as the rest of the server.
 */
export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http');
