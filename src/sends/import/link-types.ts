/** Names of link types that captures often have and that are not read here (https://www.tcpdump.org/linktypes.html). */
const NAMES: Record<number, string> = {
  9: 'PPP',
  50: 'PPP_HDLC',
  51: 'PPP_ETHER',
  104: 'C_HDLC',
  105: 'IEEE802_11',
  107: 'FRELAY',
  117: 'PFLOG',
  119: 'IEEE802_11_PRISM',
  127: 'IEEE802_11_RADIOTAP',
  147: 'USER0',
  187: 'BLUETOOTH_HCI_H4',
  189: 'USB_LINUX',
  195: 'IEEE802_15_4_WITHFCS',
  201: 'BLUETOOTH_HCI_H4_WITH_PHDR',
  203: 'LAPD',
  220: 'USB_LINUX_MMAPPED',
  227: 'CAN_SOCKETCAN',
  230: 'IEEE802_15_4_NOFCS',
  239: 'NFLOG',
  249: 'USBPCAP',
  253: 'NETLINK',
  272: 'NORDIC_BLE',
};

/** As LINKTYPE_…, without that prefix; a number where the name is not known here. */
export function linkTypeName(linkType: number): string {
  return NAMES[linkType] ?? `${linkType}`;
}
