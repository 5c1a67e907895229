/**
 * The other nodes of a large cluster, in one process, for the bench of what one of them costs: each gossips, beats and holds a
 * lifeline as an agent does, by the agent's own code, from an address of its own, and receives what is said of addresses. What they owe one another and the measured node
 * does not see is left out: beats and lifelines between them.
 *
 * `crowd FIRST COUNT AGENT`: members FIRST, FIRST + 1, … in 192.168.1.0/24 join the agent at that address. It prints `there` when
 * each hears the agent, and ends with its stdin.
 */
import { randomBytes } from 'node:crypto';
import { GossipPort } from '../../../agents/speaker/wire/gossipport.js';
import { Lifelines } from '../../../agents/speaker/wire/lifelines.js';
import { Liveness } from '../../../agents/speaker/wire/liveness.js';
import { LAN } from '../../../src/membership/memberlist/settings.js';
import { Courier } from '../../../src/ownership/courier.js';

const PORT = 7946;

class Neighbour {
  readonly #liveness: Liveness;
  readonly #port: GossipPort;
  #timer: NodeJS.Timeout | undefined;

  constructor(name: string, address: string, agent: string) {
    const port = new GossipPort({ port: PORT, address, streamTimeoutMs: LAN.tcpTimeoutMs, report: () => undefined });
    const send = port.datagrams.send.bind(port.datagrams);
    port.datagrams.send = (to, messages, onFailed) => {
      const isOurs = messages.some(({ kind }) => kind === 'user');
      send(isOurs ? to.filter(({ host }) => host === agent) : to, messages, onFailed);
    };
    const lifelines = new Lifelines({ gossip: port, onClosed: () => undefined, onCrash: () => undefined });
    const bootId = randomBytes(8).toString('hex');
    const courier = new Courier(name, bootId);
    this.#port = port;
    this.#liveness = new Liveness({
      ...{ self: name, bootId, gossip: port, port: PORT, address, tuning: LAN, spreads: false },
      onChange: () => lifelines.setMembers(this.#liveness.membership.members.filter((one) => one.address === `${agent}:${PORT}`)),
      onReunion: () => undefined,
      onSettled: () => undefined,
      onAllHeard: () => undefined,
      onFaltering: () => undefined,
      onSteady: () => undefined,
      onSchedule: () => this.#schedule(),
      onWord: (word) => {
        const { answer } = courier.receive(word);
        if (answer !== undefined) this.#liveness.say(answer.to, answer.word);
      },
      log: () => undefined,
      report: () => undefined,
    });
  }

  async start(signal: AbortSignal, agent: string): Promise<void> {
    const problem = await this.#port.bind();
    if (problem !== undefined) throw new Error(problem.message);
    await this.#liveness.start(signal, [{ host: agent, port: PORT }]);
    this.#liveness.setReady(true);
    this.#schedule();
  }

  hears(agent: string): boolean {
    return this.#liveness.membership.members.some(
      ({ address, state, evidence }) => address === `${agent}:${PORT}` && state === 'alive' && evidence.kind === 'heard',
    );
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#liveness.tick();
        this.#schedule();
      },
      Math.max(0, this.#liveness.wakeAt - performance.now()),
    );
  }
}

const [first = '', count = '', agent = ''] = process.argv.slice(2);
const over = new AbortController();
const neighbours = Array.from(
  { length: Number(count) },
  (_, i) => new Neighbour(`c${i + 1}`, `192.168.1.${Number(first) + i}`, agent),
);
await Promise.all(neighbours.map((neighbour) => neighbour.start(over.signal, agent)));
while (!neighbours.every((neighbour) => neighbour.hears(agent))) await new Promise((resolve) => setTimeout(resolve, 50));
console.log('there');
process.stdin.resume().once('end', () => process.exit(0));
