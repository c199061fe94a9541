/**
 * Chunk: a packed batch of records of one listener, the currency of the whole system. Its layout, its encoder and its
 * reader, under one name.
 */
export * from './chunk-builder.ts';
export * from './chunk-encoder.ts';
export * from './chunk-layout.ts';
export * from './chunk-reader.ts';
