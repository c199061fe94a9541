/** Numbers of the pcapng format (draft-ietf-opsawg-pcapng) that both the writer and the reader need. */

/** The first four bytes of a pcapng file, the same in both byte orders. */
export const SECTION_HEADER = 0x0a0d_0d0a;
export const BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
export const INTERFACE_DESCRIPTION = 1;
export const ENHANCED_PACKET = 6;
/** Options of an interface description and of an enhanced packet. */
export const IF_TIME_RESOLUTION = 9;
export const EPB_FLAGS = 2;
