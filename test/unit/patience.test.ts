import { expect, it } from 'vitest';
import { Patience } from '../../src/sync/patience.js';

const late = { code: 'storage_unavailable' };

/** Work that has begun and does not end before the test says so. */
function hanging() {
  let end!: (error?: Error) => void;
  const work = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve());
  });
  return { work, end };
}

it('waits for the deadline once, not at all while that hangs, and asks again when it has ended', async () => {
  const patience = new Patience(1);
  const { work, end } = hanging();
  await expect(patience.wait(() => work)).rejects.toMatchObject(late);
  let asked = false;
  const next = patience.wait(async () => {
    asked = true;
  });
  await expect(next).rejects.toMatchObject(late);
  expect(asked).toBe(false);
  end();
  await work;
  expect(await patience.wait(async () => 'an answer')).toBe('an answer');
});

it('is over a failure that comes late', async () => {
  const patience = new Patience(1);
  const { work, end } = hanging();
  await expect(patience.wait(() => work)).rejects.toMatchObject(late);
  end(new Error('given up'));
  await expect(work).rejects.toThrow('given up');
  expect(await patience.wait(async () => 'an answer')).toBe('an answer');
});

it('hands on what the work throws', async () => {
  const failing = new Patience(1000).wait(() => Promise.reject(new Error('no such table')));
  await expect(failing).rejects.toThrow('no such table');
});
