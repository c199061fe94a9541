/** `start-place.ts` for CommonJS. It names the same place, so that both ways start the one service there is. */
import path = require('node:path');
import url = require('node:url');

/** From dist/commonjs/client, where the build puts this file. */
const PLACE = url.pathToFileURL(path.join(__dirname, '../../src/client/start-place.js'));

const load = (file: string) => import(new URL(file, PLACE).href);

export = {
  HERE: PLACE.href,
  loadService: () => Promise.all([load('../server.js'), load('../config.js')]),
};
