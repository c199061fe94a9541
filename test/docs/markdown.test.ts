import t from 'tap';
import { sectionsOf } from './markdown.ts';

const PAGE = `# Page

\`\`\`sh
echo one
\`\`\`

\`\`\`text
one
\`\`\`

<!-- not run: it starts the service -->
\`\`\`sh
npm start
\`\`\`

\`\`\`json
{"this": "is no command"}
\`\`\`

- In a list:

  \`\`\`bash
  echo two
    echo indented
  \`\`\`

Prose in between.

\`\`\`text
not its output
\`\`\`

<!-- service: --token s3cret --threads 2 -->

\`\`\`sh
echo three
\`\`\`
`;

t.test('blocks, their outputs and markers', async (t) => {
  t.same(sectionsOf(PAGE), [
    {
      flags: [],
      blocks: [
        { line: 3, code: 'echo one\n', output: { language: 'text', text: 'one\n' } },
        {
          line: 12,
          code: 'npm start\n',
          notRun: 'it starts the service',
          output: { language: 'json', text: '{"this": "is no command"}\n' },
        },
        { line: 22, code: 'echo two\n  echo indented\n' },
      ],
    },
    { flags: ['--token', 's3cret', '--threads', '2'], blocks: [{ line: 35, code: 'echo three\n' }] },
  ]);
});

t.test('a page without commands has no sections', async (t) => {
  t.same(sectionsOf('# Page\n\n```json\n{}\n```\n'), []);
});
