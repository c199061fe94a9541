import { tcpContract } from './tcp-contract.ts';

tcpContract({ engine: 'net' });
