// A whole system on this machine, and what the command does with it.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base } from '@playwright/test';

const digester = process.env.DIGESTER;

class World {
  home = mkdtempSync(join(tmpdir(), 'digester-browser.'));

  async start() {
    // The same port after a restart: that is where open pages come back to.
    this.ports ??= [await freePort(), await freePort()];
    const [web, node] = this.ports.map((port) => `127.0.0.1:${port}`);
    this.url = `http://${web}`;
    this.process = spawn(
      digester,
      ['up', '--dev', '--data', this.home, '--webservice', web, '--digester', node],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    this.gone = once(this.process, 'exit');
    await this.said('stop it');
  }

  /** Resolves once the system has said so; it goes on to be listened to, or it would end. */
  said(words) {
    const { stdout } = this.process;
    return new Promise((resolve, reject) => {
      let all = '';
      stdout.on('data', (text) => {
        all += text;
        if (all.includes(words)) resolve();
      });
      stdout.on('end', () => reject(new Error(`the system ended after ${all}`)));
    });
  }

  async stop() {
    this.process.kill('SIGTERM');
    await this.gone;
  }

  async end() {
    await this.stop();
    rmSync(this.home, { recursive: true });
  }

  /** Runs the command; returns what it says, whether or not the job did well. */
  run(...args) {
    const env = { ...process.env, DIGESTER_URL: this.url };
    try {
      return execFileSync(digester, args, { env, encoding: 'utf8' });
    } catch (failed) {
      return failed.stdout;
    }
  }

  /** Makes sample data in a folder of this name; returns the folder. */
  sample(name) {
    const folder = join(this.home, name);
    this.run('sample', folder, '--markers', '400', '--samples', '40');
    return folder;
  }

  async post(path, body) {
    const response = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return response.json();
  }

  /** Hands in a job that sleeps; returns its id. */
  async sleep(key, milliseconds, more = {}) {
    const { job } = await this.post('/instruction', { key, kind: 'sleep', body: { milliseconds }, ...more });
    return job.id;
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Every test gets the world of its worker, and a page that begins there and breaks no rule. */
export const test = base.extend({
  world: [async ({}, use) => {
    const world = new World();
    await world.start();
    await use(world);
    await world.end();
  }, { scope: 'worker', timeout: 60_000 }],

  baseURL: async ({ world }, use) => use(world.url),

  page: async ({ page }, use) => {
    const broken = [];
    page.on('pageerror', (error) => broken.push(error.message));
    page.on('console', (message) => {
      // A service that is being restarted does not answer, and a form that was filled in wrongly is
      // answered with 422; all else is ours.
      const meant = ['net::ERR_', 'status of 422'].some((words) => message.text().includes(words));
      if (message.type() === 'error' && !meant) broken.push(message.text());
    });
    await use(page);
    if (broken.length) throw new Error(`the page complains: ${broken.join('; ')}`);
  },
});

export { expect } from '@playwright/test';
