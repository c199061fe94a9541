import t from 'tap';
import { misspeltVariables } from '../../src/environment.ts';

const KNOWN = ['LISTENPOST_PORT', 'LISTENPOST_THREADS', 'LISTENPOST_ALLOW_BIND', 'LISTENPOST_URL'];
const told = (env: NodeJS.ProcessEnv) => misspeltVariables(env, KNOWN);

t.test('a variable that is nearly a setting is told with the setting', async (t) => {
  t.same(told({ LISTENPOST_PORT: '1', LISTENPOST_URL: '', PATH: '/bin', OTHER_THREDS: '2' }), []);
  t.same(
    told({ LISTENPOST_THREDS: '2', LISTENPOST_ALLOWBIND: '::/0', LISTENPOST_COLOUR: 'red', LISTENPOST_UDP_PORT: '9' }),
    [
      'LISTENPOST_ALLOWBIND is not a setting and has no effect; did you mean LISTENPOST_ALLOW_BIND?',
      'LISTENPOST_COLOUR is not a setting and has no effect; `listenpost serve --help` lists them',
      'LISTENPOST_THREDS is not a setting and has no effect; did you mean LISTENPOST_THREADS?',
      'LISTENPOST_UDP_PORT is not a setting and has no effect; `listenpost serve --help` lists them',
    ],
  );
});

t.test('what Kubernetes and Docker make up for a service of that name is not told', async (t) => {
  const made = {
    LISTENPOST_PORT: 'tcp://10.96.0.17:8080',
    LISTENPOST_SERVICE_HOST: '10.96.0.17',
    LISTENPOST_SERVICE_PORT: '8080',
    LISTENPOST_SERVICE_PORT_HTTP: '8080',
    LISTENPOST_PORT_8080_TCP: 'tcp://10.96.0.17:8080',
    LISTENPOST_PORT_8080_TCP_PROTO: 'tcp',
    LISTENPOST_PORT_8080_TCP_PORT: '8080',
    LISTENPOST_PORT_8080_TCP_ADDR: '10.96.0.17',
    LISTENPOST_UDP_SERVICE_HOST: '10.96.0.18',
    LISTENPOST_UDP_PORT: 'udp://10.96.0.18:8125',
    LISTENPOST_UDP_PORT_8125_UDP_ADDR: '10.96.0.18',
    LISTENPOST_NAME: '/app/listenpost',
    LISTENPOST_ENV_NODE_VERSION: '24',
  };
  t.same(told(made), []);
});
