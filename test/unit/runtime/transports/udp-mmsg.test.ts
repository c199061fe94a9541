import t from 'tap';
import { whyNotNative } from '../../../../src/runtime/native/selftest.ts';
import { attach } from './udp/flood.ts';
import { udpContract } from './udp-contract.ts';

t.setTimeout(120_000);

const reason = whyNotNative();
if (reason === null) udpContract({ engine: 'mmsg', rig: { engine: 'auto', attach }, dropsWithoutCredit: false });
else t.pass(`no native engine here: ${reason}`, { skip: true });
