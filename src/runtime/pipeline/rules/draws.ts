/**
 * Draws without the state of a generator: a number from 0 to 1 is a hash of the seed, a name and how many were drawn
 * before. So they repeat with the seed, on any number of threads.
 */
import { finish, mix } from '../../murmur3.ts';

export function draw(seed: number, name: string, index: number): number {
  let hash = mix(0x9747_b28c, seed >>> 0);
  hash = mix(hash, Math.floor(seed / 2 ** 32));
  for (let i = 0; i < name.length; i++) hash = mix(hash, name.charCodeAt(i));
  hash = mix(hash, index >>> 0);
  return finish(mix(hash, Math.floor(index / 2 ** 32))) / 2 ** 32;
}
