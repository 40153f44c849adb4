import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const read = (name: string) => readFileSync(`${PROJECT}/${name}`, 'utf8');

const DOCUMENTS = ['README.md', 'SECURITY.md'];
// As in `npm test -- test/faults/redis-frozen`, or by itself.
const FILE = /^(?:test|src|scripts|migrations|papers|\.ci)\/[\w./-]*$/;
// Where the table of guarantees looks for its tests.
const FAULTS = 'test/faults/';
const NOT_A_SETTING = new Set(['NODE_ENV']);

const codeIn = (text: string): string[] =>
  [...text.replace(/```.*?```/gs, '').matchAll(/`([^`]+)`/g)].map(([, code]) => code!);

const filesIn = (text: string): string[] =>
  codeIn(text)
    .flatMap((code) => code.split(/\s+/))
    .filter((word) => FILE.test(word));

/** The tests in the last column of a table whose heading says where they are. */
function guaranteesIn(text: string): string[] {
  const [heading, ...rest] = text.slice(text.indexOf(`(\`${FAULTS}\`)`)).split('\n');
  if (!heading) return [];
  const rows = rest.slice(
    1,
    rest.findIndex((line) => !line.startsWith('|')),
  );
  return rows
    .flatMap((row) => codeIn(row.split('|').at(-2) ?? ''))
    .map((name) => (name.startsWith('test/') ? name : FAULTS + name));
}

const isThere = (path: string): boolean =>
  ['', '.test.ts'].some((end) => existsSync(`${PROJECT}/${path}${end}`));

describe.each(DOCUMENTS)('%s', (name) => {
  const text = read(name);

  it('names no file that is not there', () => {
    const named = [...filesIn(text), ...(name === 'README.md' ? guaranteesIn(text) : [])];
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((path) => !isThere(path))).toEqual([]);
  });

  it('names no command that is not there', () => {
    const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);
    const commands = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, command]) => command!);
    expect(commands.filter((command) => !scripts.includes(command))).toEqual([]);
  });
});

it('.env.example lists every setting that is read, and no other', () => {
  const folder = `${PROJECT}/src/config`;
  const sources = readdirSync(folder).filter((file) => statSync(`${folder}/${file}`).isFile());
  const readThere = sources.flatMap((file) =>
    // Quoted, in capitals: nothing else there is written so.
    [...read(`src/config/${file}`).matchAll(/'([A-Z]{3,}(?:_[A-Z]+)+|[A-Z]{4,})'/g)].map(
      ([, variable]) => variable!,
    ),
  );
  const listed = [...read('.env.example').matchAll(/^# ([A-Z_]+)=/gm)].map(([, name]) => name!);
  const needed = new Set(readThere.filter((variable) => !NOT_A_SETTING.has(variable)));
  expect(needed.size).toBeGreaterThan(20);
  expect([...new Set(listed)].toSorted()).toEqual([...needed].toSorted());
});
