/**
 * Draws without the state of a generator: a number from 0 to 1 is a hash of the seed, a name and how many were drawn
 * before. So they repeat with the seed, on any number of threads. (murmur3's mixing of 32-bit words.)
 */
export function draw(seed: number, name: string, index: number): number {
  let hash = mix(0x9747_b28c, seed >>> 0);
  hash = mix(hash, Math.floor(seed / 2 ** 32));
  for (let i = 0; i < name.length; i++) hash = mix(hash, name.charCodeAt(i));
  hash = mix(hash, index >>> 0);
  return finish(mix(hash, Math.floor(index / 2 ** 32))) / 2 ** 32;
}

function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e_2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b87_3593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe654_6b64) | 0;
}

function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
