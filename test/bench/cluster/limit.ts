/**
 * What a real API server takes, with nothing of ours in the way: Services made, and their statuses written, in each way a
 * controller could. Other figures are a share of these.
 */
import { startApiServer } from '../../support/apiserver.js';
import { type Call, caller } from '../../support/call.js';
import { install } from '../../support/install.js';
import { type Figures, figure, median } from '../figures.js';
import { bareRate, type Way } from '../support/barerate.js';
import { CONNECTIONS, createServices } from '../support/services.js';
import { repeatedly } from '../support/turns.js';

const SERVICES = 1_000;
const ROUNDS = 3;
const WAYS: readonly Way[] = ['merge', 'strategic', 'apply'];

export async function run(): Promise<Figures> {
  const api = await startApiServer();
  try {
    await install(api);
    const administrator = caller(api.endpoint, { connections: CONNECTIONS });
    const token = await api.token('controller');
    const controller = caller({ ...api.endpoint, token }, { connections: CONNECTIONS });
    const alone = caller({ ...api.endpoint, token }, { connections: 1 });

    const start = performance.now();
    const services = await createServices(administrator, SERVICES, 'web');
    const createdRate = SERVICES / ((performance.now() - start) / 1000);
    // Both processes are warm then, and every Service has a status.
    await bareRate(controller, 'merge', services, 0);
    const rates = await repeatedly(ROUNDS, (round) => allWays(controller, services, round));
    const rateOf = (way: Way | 'unchanged'): number => median(rates.map((one) => one[way]));
    const single = await bareRate(alone, 'merge', services.slice(0, SERVICES / 4), 0);

    const note = `over ${CONNECTIONS} connections, ${SERVICES} Services, median of ${ROUNDS}`;
    return [
      figure('cluster.createRate', createdRate, '/s', `Services made over ${CONNECTIONS} connections`),
      figure('cluster.barePatchRate', rateOf('merge'), '/s', `a status with an address as a merge patch, ${note}`),
      figure('cluster.bareApplyRate', rateOf('apply'), '/s', 'the same by server-side apply'),
      figure(
        'cluster.bareStrategicRate',
        rateOf('strategic'),
        '/s',
        'the same as a strategic merge patch, as our controller does',
      ),
      figure('cluster.bareUnchangedRate', rateOf('unchanged'), '/s', 'a merge patch that changes nothing'),
      figure('cluster.barePatchMs', 1000 / single, 'ms', 'one merge patch, over one connection'),
    ];
  } finally {
    await api.stop();
  }
}

/** In turns, so that what else the machine does meets all. */
async function allWays(call: Call, services: readonly string[], turn: number): Promise<Record<Way | 'unchanged', number>> {
  const rates = { merge: 0, strategic: 0, apply: 0, unchanged: 0 };
  let round = 1 + turn * WAYS.length;
  for (const way of WAYS) rates[way] = await bareRate(call, way, services, round++);
  rates.unchanged = await bareRate(call, 'merge', services, round - 1);
  return rates;
}
