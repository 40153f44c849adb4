import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const read = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8');

const stages = read('Dockerfile')
  .split(/^FROM /m)
  .slice(1);
const service = stages.at(-1)!;

describe('the container', () => {
  it('runs as somebody who is not root, without a shell in between', () => {
    expect(/^USER (.+)$/m.exec(service)?.[1]).toBe('node');
    expect(service.indexOf('USER ')).toBeLessThan(service.indexOf('CMD '));
    expect(service).toMatch(/^CMD \["node", /m);
  });

  it('holds what the service runs with, and nothing that was there to build it', () => {
    const copied = [...service.matchAll(/^(?:COPY|ADD) (.+)$/gm)].map(([, what]) => what);
    expect(copied.length).toBeGreaterThan(0);
    for (const what of copied) expect(what).toMatch(/^--from=build \/app\/\S+ \S+$/);
    expect(stages[0]).toContain('npm prune --omit=dev');
  });

  it('has no secret in a layer, and takes none from the folder that it is built in', () => {
    expect(stages.join('\n')).not.toMatch(/^(?:ARG|ENV) .*(?:TOKEN|SECRET|PASSWORD|KEY|URL)/m);
    expect(read('.dockerignore').split('\n')).toEqual(expect.arrayContaining(['.env', '.git']));
  });

  it('says in production what has to be said', () => {
    expect(service).toMatch(/^ENV NODE_ENV=production /m);
    expect(read('docker-compose.yml')).toMatch(/^ {6}AUTH_MODE: /m);
  });
});
