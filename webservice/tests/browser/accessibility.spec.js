import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from './world.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A page of every sort. */
async function pages(world) {
  const folder = world.sample('sorts');
  for (const sample of ['hapmap', 'broken']) {
    world.run('submit', join(folder, `${sample}.json`), '--key', sample, '--watch');
  }
  const job = async (key) => (await (await fetch(`${world.url}/job?key=${key}`)).json()).items[0].id;
  const running = await world.sleep('sleeping', 60_000);
  return {
    overview: '/',
    jobs: '/jobs',
    'an empty list': '/jobs?status=cancelled&from=2001-01-01&until=2001-01-01',
    'a completed job': `/jobs/${await job('hapmap')}`,
    'a failed job': `/jobs/${await job('broken')}`,
    'a running job': `/jobs/${running}`,
    instruction: '/instructions/hapmap',
    nodes: '/nodes',
    'an instruction being changed': '/instructions/hapmap/edit',
    'two instructions': '/instructions/hapmap/diff?with=broken',
    'a node': '/nodes/local',
    'a strategy': '/nodes/local/strategy',
    'nothing there': '/jobs/nothing',
  };
}

const looks = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 1280 },
  { colorScheme: 'light', width: 390 },
  { colorScheme: 'dark', width: 390 },
];

test('no page keeps anybody out, in any theme and width', async ({ browser, world }) => {
  test.setTimeout(180_000);
  const all = await pages(world);
  for (const { colorScheme, width } of looks) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
    const page = await context.newPage();
    for (const [name, path] of Object.entries(all)) {
      await test.step(`${name}, ${colorScheme}, ${width} wide`, async () => {
        await page.goto(world.url + path);
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run());
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
        expect.soft(found).toEqual([]);
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect.soft(beyond, 'nothing stands beyond the edge').toBeLessThanOrEqual(0);
      });
    }
    await context.close();
  }
});

test('a page with all that it loads is light', async ({ page, world }) => {
  let bytes = 0;
  page.on('response', async (response) => {
    if (!response.url().includes('/live')) bytes += (await response.body()).length;
  });
  await page.goto('/jobs');
  await expect(page.getByText('live')).toBeVisible();
  expect(bytes).toBeLessThan(150_000);
});
