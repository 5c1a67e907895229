/**
 * What a stage's processes said, and what was on its wire, in a test that failed: printed, since what is seen once in a hundred runs
 * may not be seen again.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { onTestFailed } from 'vitest';
import type { Host } from '../lab/network.js';
import { until } from '../support/until.js';
import type { Stage } from './stage.js';

/** Of the API server's log. */
const LAST_LINES = 200;
/** More than a test of two minutes makes. */
const MOST_FRAMES = 20_000;
const LOOK_MS = 20;
/** So much later than it should be, and this process, or the whole machine, stood still. */
const STILL_MS = 200;

export class BlackBox {
  readonly #stage: Stage;
  /** As tcpdump prints them, with the time in seconds. */
  readonly #frames: string[] = [];
  readonly #still: string[] = [];

  private constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Listens at the client for as long as the stage is there. */
  static async of(stage: Stage): Promise<BlackBox> {
    const box = new BlackBox(stage);
    await box.#listen(stage.network.host('client'));
    box.#watchTime();
    return box;
  }

  #watchTime(): void {
    let before = performance.now();
    setInterval(() => {
      const now = performance.now();
      const lateMs = Math.round(now - before - LOOK_MS);
      if (lateMs > STILL_MS) this.#still.push(`${lateMs} ms until ${new Date().toISOString()}`);
      before = now;
    }, LOOK_MS).unref();
  }

  async #listen(client: Host): Promise<void> {
    const child = client.spawn('tcpdump', ['-l', '-tt', '-n', '-i', 'eth0', 'arp'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (this.#frames.length < MOST_FRAMES) this.#frames.push(line);
      });
    }
    await until('tcpdump listens', () => said.includes('listening on'));
  }

  /** To be called before each test. */
  openIfItFails(): void {
    const since = new Date().toISOString();
    this.#frames.length = 0;
    onTestFailed(() => {
      this.#print('this process stood still for', this.#still);
      const { controller, speakers, api, proxies } = this.#stage;
      const ofProcesses = [
        ['controller', controller?.lines ?? []] as const,
        ...[...speakers].map(([name, { lines }]) => [name, lines] as const),
      ];
      for (const [name, lines] of ofProcesses) {
        this.#print(
          `${name} said`,
          lines.filter(({ ts }) => String(ts) >= since).map((line) => JSON.stringify(line)),
        );
      }
      for (const [name, proxy] of Object.entries(proxies)) {
        this.#print(
          `requests on the way of the ${name}`,
          proxy.counts.map(([what, count]) => `${count} ${what}`),
        );
      }
      this.#print('the API server said', readFileSync(api.log, 'utf8').split('\n').slice(-LAST_LINES));
      this.#print('the client heard', this.#frames.map(withTime));
    });
  }

  #print(what: string, lines: readonly string[]): void {
    console.error(`--- ${what}:\n${lines.join('\n')}`);
  }
}

/** With the time as the processes have it. */
const withTime = (frame: string): string =>
  frame.replace(/^\d+\.\d+/, (seconds) => new Date(1000 * Number(seconds)).toISOString());
