import { spawnSync } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { faultsOf, judge, readReport } from '../../scripts/audit/verdict.mjs';
import { temporaryFolder } from '../support/temporary-folder.js';

const AUDIT = fileURLToPath(new URL('../../scripts/audit.mjs', import.meta.url));

const advisory = (id: string, name: string) => ({
  source: 1,
  name,
  title: 'It does harm',
  url: `https://github.com/advisories/${id}`,
  severity: 'high',
});

const HARM = 'GHSA-aaaa-bbbb-cccc';
// One that reaches the service through two others, as npm reports it.
const REPORT = JSON.stringify({
  auditReportVersion: 2,
  vulnerabilities: {
    deep: { name: 'deep', severity: 'high', via: [advisory(HARM, 'deep')] },
    middle: { name: 'middle', severity: 'high', via: ['deep', advisory(HARM, 'deep')] },
    top: { name: 'top', severity: 'high', via: ['middle'] },
  },
});
const CLEAN = JSON.stringify({ auditReportVersion: 2, vulnerabilities: {} });
const NO_AUDITS = JSON.stringify({ message: '405 Method Not Allowed', statusCode: 405, body: '' });
const allow = (until: string) => ({
  advisory: HARM,
  reason: 'The part of it that does harm is never called here.',
  until,
});

describe('the verdict on dependencies', () => {
  it('counts an advisory once, however many dependencies it comes through', () => {
    expect(readReport(REPORT)).toMatchObject([{ id: HARM, module: 'deep', severity: 'high' }]);
  });

  it('refuses what nobody allowed, and what was allowed until yesterday', () => {
    const found = readReport(REPORT)!;
    expect(judge(found, [], '2027-01-31').refused).toHaveLength(1);
    expect(judge(found, [allow('2027-01-30')], '2027-01-31').refused).toHaveLength(1);
    expect(judge(found, [allow('2027-01-31')], '2027-01-31').refused).toEqual([]);
  });

  it('says what need not be allowed any more', () => {
    expect(judge([], [allow('2027-01-31')], '2027-01-31').unneeded).toHaveLength(1);
  });

  it.each(['', 'npm error', NO_AUDITS, '{"error":{"code":"ENOTFOUND"}}'])(
    'is none where the registry says %j',
    (output) => expect(readReport(output)).toBeNull(),
  );

  it('takes no allowance without a reason and an end', () => {
    expect(faultsOf([allow('2027-01-31')])).toEqual([]);
    expect(faultsOf([{ advisory: HARM, reason: 'ok', until: 'never' }, null])).toHaveLength(5);
    expect(faultsOf({})).toHaveLength(1);
  });
});

describe('npm run audit', () => {
  /** Runs it with an npm that says this, and a list that allows this. */
  async function audit(output: string, allowed: unknown[] = []) {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'report.json'), output);
    await writeFile(join(folder, 'npm'), `#!/bin/sh\ncat "${folder}/report.json"\nexit 1\n`);
    await chmod(join(folder, 'npm'), 0o755);
    await writeFile(join(folder, 'allowed.json'), JSON.stringify(allowed));
    const env = { PATH: [folder, process.env['PATH']].join(delimiter) };
    const options = { env, encoding: 'utf8' } as const;
    const ended = spawnSync(process.execPath, [AUDIT, join(folder, 'allowed.json')], options);
    return { status: ended.status, output: ended.stdout + ended.stderr };
  }

  it('fails on what is refused, and names it', async () => {
    const { status, output } = await audit(REPORT);
    expect(status).toBe(1);
    expect(output).toContain(`refused: ${HARM} (high) in deep: It does harm`);
  });

  it('passes what is allowed, and a clean report', async () => {
    expect((await audit(REPORT, [allow('9999-12-31')])).status).toBe(0);
    expect((await audit(CLEAN)).status).toBe(0);
  });

  it('says in one line that a registry answers no audits, and goes on', async () => {
    const { status, output } = await audit(NO_AUDITS);
    expect({ status, output }).toEqual({
      status: 0,
      output: 'audit: the registry answers no audits; nothing was checked\n',
    });
  });

  it('fails on a list that says no reasons', async () => {
    expect((await audit(NO_AUDITS, [{ advisory: HARM }])).status).toBe(1);
  });
});
