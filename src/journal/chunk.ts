/**
 * Chunk: a packed batch of records of one listener, the currency of the whole system. Its layout, its encoder and its
 * reader, under one name.
 */
export * from './chunkBuilder.ts';
export * from './chunkEncoder.ts';
export * from './chunkLayout.ts';
export * from './chunkReader.ts';
