/** Variables of the environment that look like settings and are none: misspelt, or made up by what runs containers. */
import { nearest } from './nearest.ts';

const PREFIX = 'LISTENPOST_';
/** What Kubernetes and Docker make up for a service or a link that is called listenpost, or begins so. */
const MADE_UP = /(^|_)(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?|ENV_\w+)$/;
const MADE_UP_VALUE = /^((tcp|udp|sctp):\/\/|\/[^/]+\/[^/]+$)/;

/** A line for each, with the setting that was most likely meant. `known` are names of variables. */
export function misspeltVariables(env: NodeJS.ProcessEnv, known: readonly string[]): string[] {
  const names = Object.keys(env).filter((name) => isStrange(name, env[name], known));
  return names.sort().map((name) => {
    const meant = nearest(
      name.slice(PREFIX.length),
      known.map((one) => one.slice(PREFIX.length)),
    );
    const advice = meant === undefined ? '`listenpost serve --help` lists them' : `did you mean ${PREFIX}${meant}?`;
    return `${name} is not a setting and has no effect; ${advice}`;
  });
}

function isStrange(name: string, value = '', known: readonly string[]): boolean {
  if (!name.startsWith(PREFIX) || known.includes(name)) return false;
  return !isMadeUp(name, value);
}

function isMadeUp(name: string, value = ''): boolean {
  return name.startsWith(PREFIX) && (MADE_UP.test(name.slice(PREFIX.length)) || MADE_UP_VALUE.test(value));
}

/**
 * Takes the one made-up variable that has the name of a setting out of an environment: for a Service called `listenpost`
 * LISTENPOST_PORT is its address, `tcp://10.96.0.17:8080`. Returns the line for the log when it was there.
 */
export function dropServiceAddress(env: NodeJS.ProcessEnv): string | undefined {
  const { LISTENPOST_PORT: value } = env;
  if (value === undefined || !MADE_UP_VALUE.test(value)) return undefined;
  delete env.LISTENPOST_PORT;
  const others = Object.keys(env).filter((name) => isMadeUp(name, env[name]));
  return (
    `LISTENPOST_PORT=${value} is the address of a Service, as Kubernetes sets it: ignored` +
    `${others.length === 0 ? '' : `, like ${others.sort().join(', ')}`}. ` +
    'Give the port of the API by --port, or set enableServiceLinks: false in the pod'
  );
}
