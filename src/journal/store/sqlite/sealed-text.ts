/** Texts that the journal keeps, JSON objects with a checksum as their last member; those of an older version have none. */
import { crc32 } from 'node:zlib';

const SEAL = /,"check":(\d{1,10})\}$/;

export function sealedText(json: string): string {
  return `${json.slice(0, -1)},"check":${crc32(json)}}`;
}

/** The JSON that was sealed; undefined when this is not what was stored. */
export function openedText(text: string): string | undefined {
  const seal = SEAL.exec(text);
  const json = seal === null ? text : `${text.slice(0, seal.index)}}`;
  return (seal === null || crc32(json) === Number(seal[1])) && isObject(json) ? json : undefined;
}

function isObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
