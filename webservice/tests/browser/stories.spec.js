import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from './world.js';

test('a failure is understood, mended and run again', async ({ page, world }) => {
  const folder = world.sample('broken-load');
  world.run('submit', join(folder, 'broken.json'), '--key', 'monday', '--tenant', 'maize', '--watch');

  await page.goto('/');
  await page.getByRole('link', { name: 'monday' }).click();
  await expect(page.getByRole('heading', { name: 'monday' })).toContainText('failed');
  const finding = page.getByRole('article').first();
  await expect(finding).toContainText('broken.hmp.txt');
  await expect(finding).toContainText('line 58');
  await expect(finding.getByRole('group', { name: 'The line' })).toContainText('58');
  await expect(finding).toContainText('What to do');

  const [good] = readdirSync(join(folder, 'hapmap'));
  copyFileSync(join(folder, 'hapmap', good), join(folder, 'broken', 'broken.hmp.txt'));
  const failed = page.url();
  await page.getByRole('button', { name: 'Run again' }).click();
  await expect(page).not.toHaveURL(failed);
  await expect(page.getByRole('heading', { name: 'monday' })).toContainText('completed');
  await expect(page.getByRole('region', { name: 'Tables' })).toContainText('matrix');
  await expect(page.getByRole('heading', { name: 'Quality of the matrix' })).toBeVisible();
  await page.getByRole('link', { name: 'The job it does over' }).click();
  await expect(page).toHaveURL(failed);
});

test('a job is watched to its end, the service restarted in between', async ({ page, world }) => {
  // What runs may come to its end before the service stops; what waits cannot.
  await page.goto('/nodes/local');
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByRole('button', { name: 'Pause' })).toHaveCount(0);
  const job = await world.sleep('long', 500);
  await page.goto(`/jobs/${job}`);
  const heading = page.getByRole('heading', { name: 'long' });
  await expect(heading).toContainText('submitted');
  await world.stop();
  await expect(page.getByText('reconnecting…')).toBeVisible();
  await world.start();
  await expect(heading).toContainText('completed', { timeout: 40_000 });
  await expect(page.locator('#history')).toContainText('completed');
  await expect(page.locator('#now')).toHaveCount(0);
});

test('a list grows while it is open, and keeps the focus', async ({ page, world }) => {
  await world.sleep('before', 1);
  await page.goto('/jobs');
  const first = page.getByRole('link', { name: 'before' });
  await first.focus();
  await world.sleep('after', 1);
  await expect(page.getByRole('row').nth(1)).toContainText('after');
  await expect(page.getByRole('row').nth(1)).toContainText('completed');
  await expect(first).toBeFocused();
});

test('a tab that nobody sees is told nothing, and catches up later', async ({ page, world }) => {
  await page.goto('/jobs');
  await expect(page.getByText('live')).toBeVisible();
  const hide = (hidden) => page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
  await hide(true);
  await expect(page.getByText('paused')).toBeVisible();
  await world.sleep('unseen', 1);
  await expect.poll(async () => (await (await fetch(`${world.url}/job?key=unseen`)).json()).items[0].status)
    .toBe('completed');
  await expect(page.getByRole('link', { name: 'unseen' })).toHaveCount(0);
  await hide(false);
  await expect(page.getByRole('link', { name: 'unseen' })).toBeVisible();
});

test('a list is asked by its form, and what was asked stands in the address', async ({ page, world }) => {
  await world.sleep('of-ann', 1, { submitted_by: 'ann', tenant: 'rice' });
  await world.sleep('of-ben', 1, { submitted_by: 'ben', tenant: 'rice' });
  await page.goto('/jobs');
  await page.getByLabel('User').fill('ann');
  await page.getByLabel('Status').selectOption('completed');
  await page.getByRole('button', { name: 'Show' }).click();
  await expect(page).toHaveURL(/\/jobs\?status=completed&user=ann$/);
  await expect(page.getByRole('link', { name: 'of-ann' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'of-ben' })).toHaveCount(0);
  await page.getByRole('link', { name: 'Clear' }).click();
  await expect(page.getByRole('link', { name: 'of-ben' })).toBeVisible();
});

test('days are the reader’s, and an address means the same to everybody', async ({ page, world, browser }) => {
  await world.sleep('of-today', 1);
  await page.goto('/jobs');
  await page.getByText('More').click();
  await expect(page.getByLabel('From day (Europe/Berlin)')).toBeVisible();
  await page.getByLabel('From day').fill('2026-01-02');
  await page.getByLabel('To day').fill('2026-07-02');
  await page.getByRole('button', { name: 'Show' }).click();
  await expect(page).toHaveURL(/\?from=2026-01-01T23%3A00%3A00Z&until=2026-07-02T22%3A00%3A00Z$/);
  await expect(page.getByLabel('From day')).toHaveValue('2026-01-02');
  await expect(page.getByLabel('To day')).toHaveValue('2026-07-02');
  const elsewhere = await browser.newContext({ timezoneId: 'America/Lima' });
  const other = await elsewhere.newPage();
  await other.goto(page.url());
  await expect(other.getByLabel('From day')).toHaveValue('2026-01-01');
  await other.getByRole('button', { name: 'Show' }).click();
  await expect(other).toHaveURL(page.url());
  await elsewhere.close();
});

test('times are the reader’s, the exact one on hover', async ({ page, world }) => {
  const job = await world.sleep('timed', 1);
  await page.goto(`/jobs/${job}`);
  const time = page.locator('#head time').first();
  const exact = await time.getAttribute('datetime');
  const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'Europe/Berlin' });
  await expect(time).toHaveText(clock.format(new Date(exact)));
  await expect(time).toHaveAttribute('title', new RegExp(exact));
  await expect(page.getByText('times in Europe/Berlin')).toBeVisible();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('everything is there to be read, and a job can be run again', async ({ page, world }) => {
    const job = await world.sleep('plain', 1);
    await expect.poll(async () => (await (await fetch(`${world.url}/job/${job}`)).json()).status)
      .toBe('completed');
    await page.goto('/jobs');
    await page.getByRole('link', { name: 'plain' }).click();
    await expect(page.locator('#head time').first()).toContainText('UTC');
    await page.getByRole('button', { name: 'Run again' }).click();
    await expect(page.getByRole('link', { name: 'The job it does over' })).toBeVisible();
  });
});

test('an operator switches the regulator while jobs run', async ({ page, world }) => {
  const names = ['one', 'two', 'three'];
  for (const name of names) await world.sleep(name, 60_000);
  await page.goto('/nodes');
  await page.getByRole('link', { name: 'local' }).click();
  await expect(page.getByText('At most 2 jobs run at once.')).toBeVisible();
  await page.getByRole('link', { name: 'Change the strategy' }).click();
  const text = page.getByRole('textbox');
  await text.fill('gates = [\n  { fixd = { at_once = 3 } },\n]');
  await page.getByRole('button', { name: 'Check' }).click();
  await expect(page.getByRole('alert')).toContainText('fixd');
  await text.fill('gates = [\n  { fixed = { at_once = 3 } },\n]');
  await page.getByRole('button', { name: 'Check' }).click();
  await expect(page.locator('#changes ins')).toHaveText('At most 3 jobs run at once.');
  await page.getByRole('button', { name: 'Put in force' }).click();
  await expect(page.getByText('At most 3 jobs run at once.')).toBeVisible();
  await expect(page.locator('#running').getByRole('link')).toHaveCount(3);
  // They would be in the way of the stories that follow.
  for (const name of names) world.run('cancel', name);
});

test('an instruction is changed, checked and run again', async ({ page, world }) => {
  const folder = world.sample('to-be-changed');
  world.run('submit', join(folder, 'hapmap.json'), '--key', 'first', '--watch');
  await page.goto('/instructions/first');
  await page.getByRole('link', { name: 'Edit and run again' }).click();
  const text = page.getByLabel('What it says, in JSON');
  const good = await text.inputValue();
  await text.fill(good.replace('"CONSTANT"', '"CONSTANTS"'));
  await page.getByRole('button', { name: 'Check' }).click();
  await expect(page.getByRole('alert')).toContainText('CONSTANTS');
  await text.fill(good.replaceAll('"Maize', '"Rice'));
  await page.getByRole('button', { name: 'Check' }).click();
  await expect(page.getByText('Nothing was written yet.')).toBeVisible();
  await page.getByRole('button', { name: 'Run it' }).click();
  await expect(page.getByRole('heading', { name: 'first_2' })).toBeVisible();
  await page.getByRole('link', { name: 'Instruction', exact: true }).click();
  await page.getByRole('link', { name: 'Compare' }).click();
  await expect(page.getByRole('heading', { name: 'From first to first_2' })).toBeVisible();
  await expect(page.locator('#differences ins').first()).toContainText('Rice');
});
