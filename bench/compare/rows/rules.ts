/** What rules cost: a hundred of which the last matches, beside a fixed reply, in CPU a message. */
import { startService } from '../harness/service.ts';
import { ping, SIZE, type Trips, tcpPing } from '../harness/udp.ts';
import { type Group, inTurn, over, type Subject } from '../report/row.ts';

const MS = 600;
const RULES = 100;
const CONNECTIONS = 16;
const capture = { maxMessages: 1_000_000, maxBytes: '256MiB' };
const answer = { text: 'p'.repeat(SIZE) };

/** Commands and fields that the message does not have, then one that takes it. */
const rules = {
  type: 'rules',
  fields: { kind: { at: 2, as: 'u16be' } },
  rules: Array.from({ length: RULES }, (_, i) => {
    const other = i % 2 === 0 ? { text: { startsWith: `COMMAND-${i}` } } : { fields: { kind: 60_000 + i } };
    return { when: i === RULES - 1 ? { size: SIZE } : other, then: [{ reply: answer }] };
  }),
};

/** Over UDP and over TCP. */
export async function ruleCost(rounds: number): Promise<Group> {
  const service = await startService();
  const subject = async (what: string, spec: object, run: (port: number) => Promise<Trips>): Promise<Subject> => {
    const { port } = await service.listen({ capture, ...spec });
    return {
      what,
      unit: 'round trips/s',
      async measure() {
        const before = service.cpuUs();
        const { trips, ms, lost } = await run(port);
        return { value: trips / (ms / 1e3), cpuUs: (service.cpuUs() - before) / trips, lost: lost / (trips + lost) };
      },
    };
  };
  const udp = (port: number) => ping(port, 64, MS);
  const tcp = (port: number) => tcpPing(port, CONNECTIONS, MS);
  const fixed = { type: 'reply', ...answer };
  const subjects = [
    await subject('reply, UDP', { protocol: 'udp', responder: fixed }, udp),
    await subject(`${RULES} rules, the last matches, UDP`, { protocol: 'udp', responder: rules }, udp),
    await subject('reply, TCP', { protocol: 'tcp', responder: fixed }, tcp),
    await subject(`${RULES} rules, the last matches, TCP`, { protocol: 'tcp', responder: rules }, tcp),
  ];
  for (const { measure } of subjects) await measure();
  const rows = await inTurn(subjects, rounds);
  await service.stop();
  const [replyUdp, rulesUdp, replyTcp, rulesTcp] = rows;
  return {
    name: 'rules',
    title: 'A hundred rules',
    about: `Closed loops as above: 64 datagrams of ${SIZE} bytes outstanding, or ${CONNECTIONS} connections. ${RULES} rules by text and by field, of which the last matches, beside a fixed reply of the same bytes.`,
    rows,
    findings: [
      finding(`CPU a datagram with ${RULES} rules against a fixed reply`, over(rulesUdp!, replyUdp!, 'cpuUs')),
      finding('the same a request over TCP', over(rulesTcp!, replyTcp!, 'cpuUs')),
    ],
    notes: [],
  };
}

function finding(what: string, ratios: number[]) {
  return { what, ratios, better: 'lower' as const, least: 2, aim: 1.5 };
}
