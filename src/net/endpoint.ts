/** A socket address as text. */
export type Endpoint = { host: string; port: number };
