/** A check names everything that is wrong with a file, by its lines, and nothing that is right. */
import t from 'tap';
import { checkConfiguration } from '../../../src/config/check.ts';

/** Each line that ends in `# wrong: …` has that problem, and no other line has one. */
function expected(text: string): string[] {
  return text.split('\n').flatMap((line, i) => {
    const [, what] = /# wrong: (.*)$/.exec(line) ?? [];
    return what === undefined ? [] : [`${i + 1}: ${what}`];
  });
}

function found(text: string): string[] {
  return checkConfiguration('f.yaml', text).problems.map(({ line, message }) => `${line}: ${message}`);
}

const FILES: Record<string, string> = {
  'fields that are none, and values that can not be': `
settings:
  threads: 65 # wrong: /settings/threads must be at most 64
  allowSend: 10.0.0.0/99 # wrong: /settings/allowSend is wrong: 10.0.0.0/99 is not a CIDR, e.g. 10.0.0.0/8.
listeners:
  - name: a
    protocol: ucp # wrong: /listeners/0/protocol must be one of udp, tcp
  - name: b
    protocol: udp
    prot: 5 # wrong: /listeners/1/prot is not a field here; did you mean port? Known are …
  - name: b # wrong: /listeners/2/name b is used twice
    protocol: udp
    ttl: 0s # wrong: /listeners/2/ttl must be longer than 0
    allow: [10.0.0.0/8, nowhere] # wrong: /listeners/2/allow/1 nowhere is not an address or CIDR
    tcp: {} # wrong: /listeners/2/tcp is for tcp listeners, this one is udp
`,
  'rules: each that does not compile': `
listeners:
  - name: pop3
    protocol: tcp
    tcp: { framing: { type: delimiter, text: x, hex: "61" } } # wrong: /listeners/0/tcp/framing/text …
    responder:
      type: rules
      rules:
        - when: { text: { regex: "(" } } # wrong: /listeners/0/responder/rules/0/when/text/regex …
          then: [{ setState: a }]
        - when: { state: a }
          then: [{ reply: { text: fine } }]
        - when: { state: b } # wrong: /listeners/0/responder/rules/2/when/state no rule sets the state b; known are start, a, c, d
          then: [{ ignore: true }]
        - then: [{ reply: { text: "{{match.1}}", template: true } }] # wrong: /listeners/0/responder/rules/3/then/0/reply/text …
        - then: [{ reply: { hex: "0" } }] # wrong: /listeners/0/responder/rules/4/then/0/reply/hex …
        - cycle: { steps: [{ then: [{ setState: c }, { close: fin }, { reply: { text: late } }] }] } # wrong: /listeners/0/responder/rules/5/cycle/steps/0/then/2 comes after the end of the connection
        - when: { state: c }
          then: [{ close: rst }]
        - { then: [], choose: [{ then: [] }] } # wrong: /listeners/0/responder/rules/7 needs exactly one of then, cycle, choose
        - { then: [{ setState: d }], when: { txt: {} } } # wrong: /listeners/0/responder/rules/8/when/txt is not a field here; did you mean text? …
        - { when: { state: d }, then: 5 } # wrong: /listeners/0/responder/rules/9/then must be an array…
      otherwise: [{ delay: 5parsecs }] # wrong: /listeners/0/responder/otherwise/0/delay must be a duration such as …
`,
  'rules: what their form does not say': `
listeners:
  - name: udp
    protocol: udp
    responder:
      type: rules
      rules:
        - { when: { fields: { x: 1 } }, then: [] } # wrong: /listeners/0/responder/rules/0/when/fields/x there is no field x; there are none
        - { then: [{ close: fin }] } # wrong: /listeners/0/responder/rules/1/then/0/close is for tcp, this listener is udp
        - { name: a, then: [] }
        - { name: a, then: [] } # wrong: /listeners/0/responder/rules/3/name there are two rules a
      otherwise: [{ halfClose: true }] # wrong: /listeners/0/responder/otherwise/0/halfClose is for tcp, this listener is udp
  - name: reply
    protocol: udp
    responder: { type: reply, text: "{{nope}}", template: true } # wrong: /listeners/1/responder/text unknown name in template: {{nope}}
    deny: [nobody] # wrong: /listeners/1/deny/0 nobody is not an address or CIDR
  - name: preset
    protocol: udp
    responder: { type: preset, name: smtpSink } # wrong: /listeners/2/responder/name smtpSink is for tcp, this listener is udp
  - name: payload
    protocol: udp
    responder: { type: reply, json: { a: .inf } } # wrong: /listeners/3/responder/json …
`,
  'rules: what was most likely meant': `
listeners:
  - name: udp
    protocol: udp
    responder:
      type: rules
      fields: { fc: { at: 0, as: u8 }, id: { at: 1, as: bytes, size: 2 } }
      rules:
        - { when: { fields: { fcc: 1 } }, then: [] } # wrong: /listeners/0/responder/rules/0/when/fields/fcc there is no field fcc; did you mean fc?
        - { when: { fields: { fc: 256 } }, then: [] } # wrong: /listeners/0/responder/rules/1/when/fields/fc can not be: u8 holds 0 to 255
        - { when: { fields: { fc: { min: 9, max: 3 } } }, then: [] } # wrong: /listeners/0/responder/rules/2/when/fields/fc/max is below min, 9
        - { when: { fields: { id: 3 } }, then: [] } # wrong: /listeners/0/responder/rules/3/when/fields/id field id is bytes: it is compared with hex digits, as text
        - { when: { size: { min: 9, max: 3 } }, then: [] } # wrong: /listeners/0/responder/rules/4/when/size/max is below min, 9
        - { when: { field: { at: 0, as: i8, equals: -129 } }, then: [] } # wrong: /listeners/0/responder/rules/5/when/field/equals can not be: i8 holds -128 to 127
        - { on: { every: 5s }, when: { remote: 127.0.0.1, any: [{ text: { equals: x } }] }, then: [] } # wrong: /listeners/0/responder/rules/6/when/any/0/text is for messages: of an event only state, remote and nth can be asked
        - { on: connect, when: { text: { equals: x } }, then: [] }
        - { then: [{ reply: { text: "{{feild.fc}}", template: true } }] } # wrong: /listeners/0/responder/rules/8/then/0/reply/text unknown name in template: {{feild.fc}}; did you mean field.fc?
        - { then: [{ reply: { text: "{{field.fx}}", template: true } }] } # wrong: /listeners/0/responder/rules/9/then/0/reply/text unknown name in template: {{field.fx}}; there is no field fx; known are fc, id
        - { then: [{ reply: { text: "{{match.1}}", template: true } }] } # wrong: /listeners/0/responder/rules/10/then/0/reply/text unknown name in template: {{match.1}}; the rule has no regex with groups
        - { when: { text: { regex: "(?P<who>.)" } }, then: [{ reply: { text: "{{match.2}}", template: true } }] } # wrong: /listeners/0/responder/rules/11/then/0/reply/text unknown name in template: {{match.2}}; its patterns have no group 2; known are who, 1
        - { then: [{ reply: { hex: "{{u16 n}}", template: true } }] } # wrong: /listeners/0/responder/rules/12/then/0/reply/hex unknown name in template: {{u16 n}}; did you mean u16be or u16le?
        - { then: [{ reply: { text: "{{now iso}}", template: true } }] } # wrong: /listeners/0/responder/rules/13/then/0/reply/text {{now iso}} in template: iso is more than now takes
        - { then: [{ reply: { hex: "{{pad 4}}", template: true } }] } # wrong: /listeners/0/responder/rules/14/then/0/reply/hex {{pad 4}} in template: pad needs one more argument, as in pad 64 0x00
        - { then: [{ reply: { hex: "{{u16be}}", template: true } }] } # wrong: /listeners/0/responder/rules/15/then/0/reply/hex {{u16be}} in template: u16be needs one more argument, as in u16be n
  - name: plain
    protocol: udp
    responder: { type: reply, text: "{{state}}", template: true } # wrong: /listeners/1/responder/text unknown name in template: {{state}}; state, field.NAME and match.NAME are for rules
  - name: events
    protocol: tcp
    responder:
      type: rules
      fields: { fc: { at: 0, as: u8 } }
      rules:
        - { on: connect, then: [{ reply: { text: "{{state}} {{remote.address}}", template: true } }] }
        - { on: halfClose, then: [{ reply: { hex: "{{u8 len text}}", template: true } }] } # wrong: /listeners/2/responder/rules/1/then/0/reply/hex {{u8 len text}} in template: text is of a message, and here is none that is answered
        - { on: { every: 1s }, then: [{ reply: { hex: "{{field.fc}}", template: true } }] } # wrong: /listeners/2/responder/rules/2/then/0/reply/hex {{field.fc}} in template: field.fc is of a message, and here is none that is answered
  - name: stream
    protocol: tcp
    responder: { type: rules, rules: [{ on: connect, when: { size: 1 }, then: [] }] } # wrong: /listeners/3/responder/rules/0/when/size is for messages: of an event only state, remote and nth can be asked
`,
  'listeners on one port': `
listeners:
  - { name: a, protocol: udp, port: 5353 }
  - { name: b, protocol: tcp, port: 5353 }
  - { name: c, protocol: udp, port: 5353, host: 127.0.0.2 }
  - { name: d, protocol: udp, port: 5353, host: 0.0.0.0 } # wrong: /listeners/3/port udp 0.0.0.0 port 5353 is held by listener a
  - { name: e, protocol: udp, port: 0 }
  - { name: f, protocol: udp, port: 0 }
`,
  'settings that contradict each other': `
settings: { threads: 8, maxThreads: 4 } # wrong: /settings --threads 8 is more than --max-threads 4 allows
`,
  'more than one thing that is no YAML': `
settings: {}
settings: {} # wrong: Map keys must be unique
listeners: !js [] # wrong: Unresolved tag: !js
`,
  nothing: `
settings: { host: 0.0.0.0, allowBind: 0.0.0.0/0 }
listeners:
  - { name: mail, protocol: tcp, port: 2525, responder: { type: preset, name: smtpSink } }
  - { name: all, protocol: udp, host: 0.0.0.0, port: 2525 }
`,
};

for (const [name, text] of Object.entries(FILES)) {
  t.test(name, async (t) => {
    const [wanted, got] = [expected(text), found(text)];
    t.equal(got.length, wanted.length, got.join('\n'));
    for (const [i, line] of wanted.entries()) {
      const [start, ends] = line.split('…');
      if (ends === undefined) t.equal(got[i], line);
      else t.ok(got[i]?.startsWith(start!), `${got[i]} begins with ${start}`);
    }
  });
}

t.test('what is no configuration at all is told once', async (t) => {
  t.same(found('5'), ['1: the file must be an object, e.g. {"listeners":[{"name":"statsd","protocol":"udp"}]}']);
  t.same(found('ttl: 5s'), ['1: /ttl is not a field here; it belongs in listeners']);
  t.match(found('listeners: 5'), [/^1: \/listeners must be an array/]);
  t.match(found('listeners: [5]'), [/^1: \/listeners\/0 must be an object/]);
  t.match(found('settings: 5'), [/^1: \/settings must be an object/]);
  t.match(found('{"listeners": [{"protocol": "udp"}]}'), [/^1: \/listeners\/0\/name is required/], 'JSON is read too');
  t.same(found(''), []);
});

t.test('many problems are all told', async (t) => {
  const listeners = Array.from({ length: 100 }, (_, i) => `  - { name: n${i}, protocol: ucp }`);
  t.equal(found(`listeners:\n${listeners.join('\n')}`).length, 100);
  const misspelt = listeners.map((line) => line.replace('ucp', 'udp, prot: 1, allow: [nowhere]'));
  t.equal(found(`listeners:\n${misspelt.join('\n')}`).length, 200);
});

t.test('what is nested beyond the stack is one problem, wherever the stack ended', async (t) => {
  for (const depth of [20_000, 50_000, 100_000])
    t.same(found(`{"listeners":${'['.repeat(depth)}${']'.repeat(depth)}}`), ['1: it is nested too deeply'], `${depth}`);
});
