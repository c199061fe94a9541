/** Random lists of rules and random messages: a list is compiled or refused at a place in it, and no message makes it throw. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { BindingCounters, createCounters } from '../../../../../src/runtime/counters.ts';
import { Request } from '../../../../../src/runtime/pipeline/request.ts';
import { RulesBehavior } from '../../../../../src/runtime/pipeline/rules/engine.ts';
import { RuleError } from '../../../../../src/runtime/pipeline/rules/rule-error.ts';
import { TemplateFault } from '../../../../../src/runtime/pipeline/template/template-error.ts';
import { payloads, ruleSets } from '../../../../generated/rule-sets.ts';

t.test('whatever the list, it is compiled or refused with a place; whatever comes, it is decided', async (t) => {
  let compiled = 0;
  fc.assert(
    fc.property(
      ruleSets,
      fc.constantFrom('udp' as const, 'tcp' as const),
      fc.array(payloads, { maxLength: 8 }),
      (spec, protocol, messages) => {
        const counters = new BindingCounters(createCounters(1), 0);
        let behavior: RulesBehavior;
        try {
          behavior = new RulesBehavior(spec, { repliesBefore: 0, counters, protocol });
        } catch (error) {
          assert.ok(error instanceof RuleError, String(error));
          assert.match(error.pointer, /^\//);
          return;
        }
        compiled++;
        for (const [i, bytes] of messages.entries()) {
          const request = new Request({ thread: 'shared-1', listener: 'x', localPort: 1 });
          Object.assign(request, {
            payload: bytes,
            remote: new Uint8Array(16).fill(i % 4),
            remotePort: i,
            connection: protocol === 'tcp' ? 1 + (i % 4) : 0,
          });
          for (const action of behavior.decide(request).actions) {
            if (action.do !== 'send' || typeof action.payload !== 'function') continue;
            try {
              assert.ok(action.payload(request) instanceof Uint8Array);
            } catch (error) {
              assert.ok(error instanceof TemplateFault, String(error));
            }
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
  t.ok(compiled > 100, `${compiled} of them`);
});
