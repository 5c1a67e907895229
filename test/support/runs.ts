/**
 * How often each law is tried: fast-check's own default in `npm test`, and ARPEGGIO_RUNS times as often in `npm run soak`.
 * A law with a number of its own keeps it.
 */
import fc from 'fast-check';

const times = Number(process.env['ARPEGGIO_RUNS'] ?? 1);
if (times > 1) fc.configureGlobal({ ...fc.readConfigureGlobal(), numRuns: 100 * times });
