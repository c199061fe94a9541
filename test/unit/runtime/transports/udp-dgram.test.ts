import { udpContract } from './udp-contract.ts';

udpContract({ engine: 'dgram', rig: { engine: 'dgram' }, dropsWithoutCredit: true });
