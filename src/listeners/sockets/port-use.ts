/** A port of an address, as it is bound. */
export type PortUse = {
  protocol: 'udp' | 'tcp';
  /** A literal address. */
  host: string;
  port: number;
  /** An IPv6 wildcard that leaves IPv4 alone. */
  ipv6Only: boolean;
};
