/**
 * Where the program lies, and how the service is loaded from here. CommonJS says both in another way: for it
 * `start-place.cts` stands in for this file.
 */

/** The URL of this file. */
export const HERE = import.meta.url;

/** Loads what runs the service. Needs a Node that is new enough. */
export function loadService() {
  return Promise.all([import('../server.ts'), import('../config/config.ts')]);
}
