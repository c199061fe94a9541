/** Variables of the environment that look like settings and are none: most likely misspelt. */
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
  return !MADE_UP.test(name.slice(PREFIX.length)) && !MADE_UP_VALUE.test(value);
}
