/** An editor's part of the conversation, by the library of Visual Studio Code: `node editor.mjs PORT`. Prints what it is told. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createMessageConnection, SocketMessageReader, SocketMessageWriter } from 'vscode-jsonrpc/node';

const socket = connect(Number(process.argv[2]), '127.0.0.1');
const server = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
server.listen();

const { serverInfo } = await server.sendRequest('initialize', { processId: null, rootUri: null, capabilities: {} });
console.log(`connected to ${serverInfo.name}`);
await server.sendNotification('initialized', {});

const textDocument = { uri: 'file:///größe.txt', languageId: 'plaintext', version: 7, text: 'grösser' };
const diagnosed = new Promise((resolve) => server.onNotification('textDocument/publishDiagnostics', resolve));
await server.sendNotification('textDocument/didOpen', { textDocument });
const { uri, version, diagnostics } = await diagnosed;
console.log(`${uri} in version ${version}: ${diagnostics[0].message}`);

const lines = [1, 2, 3].map((line) => server.sendRequest('textDocument/hover', { textDocument, position: { line, character: 0 } }));
for (const { contents } of await Promise.all(lines)) console.log(contents);

await server.sendRequest('textDocument/rename', { textDocument }).catch(({ code, message }) => console.log(`${code}: ${message}`));
await server.sendRequest('shutdown');
await server.sendNotification('exit');
await once(socket, 'close');
