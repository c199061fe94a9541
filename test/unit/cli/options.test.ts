/** Flags and arguments: what they take, and what they say to the rest. */
import { Command, InvalidArgumentError } from 'commander';
import t from 'tap';
import { addCommon } from '../../../src/cli/options/common.ts';
import { addFilters, filterOf } from '../../../src/cli/options/filters.ts';
import { serviceUrl } from '../../../src/cli/options/service-url.ts';
import { destination, duration, json, jsonList, label, numeric, whole } from '../../../src/cli/options/values.ts';
import { stringifyRaw } from '../../../src/json/raw.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

t.test('values', async (t) => {
  t.same(['500ms', '5s', '1.5m', '0s'].map(duration), ['500ms', '5s', '1.5m', '0s']);
  t.same(['0', '16'].map(whole(0, 16)), [0, 16]);
  t.same(['0', '2.5'].map(numeric(0)), [0, 2.5]);
  t.same(label('b:c:d', label('a:1')), { a: '1', b: 'c:d' });
  t.equal(stringifyRaw({ match: json('{"size": 1.10}') }), '{"match":{"size": 1.10}}', 'it goes out as it is written');
  t.same(jsonList('[{}]').toJSON(), [{}]);
  t.same(destination('127.0.0.1:9'), { host: '127.0.0.1', port: 9 });
  t.same(destination('[::1]:65535'), { host: '::1', port: 65_535 });
  t.same(destination('statsd'), { listener: 'statsd' });
});

t.test('what is no value is named with an example', async (t) => {
  const wrong: [(text: string) => unknown, string, RegExp][] = [
    [duration, 'soon', /e\.g\. 500ms/],
    [duration, '5', /^5 what\? Write e\.g\. 5s or 5ms\.$/],
    [duration, '1.5', /^1\.5 what\?/],
    [whole(1), '0', /from 1 on/],
    [whole(0, 16), '17', /from 0 to 16/],
    [whole(0), '1.5', /whole number/],
    [numeric(0), '-1', /from 0 on/],
    [numeric(0), '', /number/],
    [label, 'suite', /key:value/],
    [label, ':x', /key:value/],
    [json, '{', /Not JSON/],
    [json, '4', /JSON object/],
    [jsonList, '{}', /JSON list/],
    [destination, 'host:0', /Port 0/],
    [destination, 'host:65536', /Port 65536/],
    [destination, '::1', /port is missing.*\[::1\]:9000/],
    [destination, 'a:b', /\[v6\]:port/],
    [destination, '', /host:port/],
    [destination, '127.0.0.1', /^The port is missing\. Write e\.g\. 127\.0\.0\.1:9000\.$/],
    [destination, '127.0.0.1:', /port is missing.*127\.0\.0\.1:9000/],
    [destination, 'localhost', /port is missing.*localhost:9000/],
    [destination, '[::1]', /port is missing.*\[::1\]:9000/],
  ];
  for (const [read, text, message] of wrong) {
    const error = t.throws(() => read(text), { message }, text) as Error;
    t.ok(error instanceof InvalidArgumentError, 'which commander turns into one line and exit code 2');
  }
});

t.test('where the service is', async (t) => {
  const before = process.env;
  t.teardown(() => {
    process.env = before;
  });
  const under = (env: Record<string, string>, given?: string) => {
    process.env = { ...before, LISTENPOST_HOST: '', LISTENPOST_PORT: '', ...env };
    return serviceUrl(given);
  };
  t.equal(under({}), 'http://127.0.0.1:8080');
  t.equal(under({}, ''), 'http://127.0.0.1:8080');
  t.equal(under({ LISTENPOST_PORT: '9' }, 'http://x:1'), 'http://x:1');
  t.equal(under({ LISTENPOST_PORT: '9' }), 'http://127.0.0.1:9');
  t.equal(under({ LISTENPOST_HOST: '0.0.0.0' }), 'http://127.0.0.1:8080');
  t.equal(under({ LISTENPOST_HOST: '::' }), 'http://[::1]:8080');
  t.equal(under({ LISTENPOST_HOST: 'box' }), 'http://box:8080');

  const file = `${temporaryDirectory(t, { url: 'http://0.0.0.0:9000\n', none: 'not yet' })}/`;
  t.equal(under({ LISTENPOST_URL_FILE: `${file}url`, LISTENPOST_PORT: '9' }), 'http://127.0.0.1:9000', 'as it says');
  for (const name of ['none', 'missing']) {
    t.equal(under({ LISTENPOST_URL_FILE: file + name, LISTENPOST_PORT: '9' }), 'http://127.0.0.1:9', name);
  }
});

t.test('a URL may lack its scheme', async (t) => {
  const parsed = (...args: string[]) => {
    const command = addCommon(new Command('x'))
      .exitOverride()
      .configureOutput({ writeErr: () => {} });
    return command.parse(args, { from: 'user' }).opts().url;
  };
  t.equal(parsed('--url', 'box:80'), 'http://box:80');
  t.equal(parsed('--url', 'https://box'), 'https://box');
  t.throws(() => parsed('--url', 'http://'), /Expected a URL/);
});

t.test('filters have the names of the API, but for two', async (t) => {
  const args = ['--direction', 'in', '--min-size', '4', '--bytes', '00 ??', '--value', '/a=1', '--kind', 'gap'];
  const flags = addFilters(new Command('x')).parse(args, { from: 'user' }).opts();
  t.same(filterOf(flags), { direction: 'in', minSize: '4', hex: '00 ??', json: '/a=1', kind: 'gap' });
  t.same(filterOf({}), {});
});
