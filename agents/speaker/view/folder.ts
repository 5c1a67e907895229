/**
 * Directory mode: state from a folder, status into another.
 */
import { type Issue, type Parsed, parsed } from '../../../src/issue/issue.js';
import { openDirectory } from '../../source/directory.js';
import { joined } from '../../source/source.js';
import { openStatusFolder } from '../../source/status.js';
import type { FolderState } from '../options.js';
import { LoopbackDelivery } from './deliver.js';
import type { Opened, Reading } from './opened.js';

export async function openFolder(
  { stateDir, statusDir, deliver }: FolderState,
  node: string,
  report: (issue: Issue) => void,
  onReading: (reading: Reading) => void,
  signal: AbortSignal,
): Promise<Parsed<Opened>> {
  const status = await openStatusFolder({ path: statusDir, node, report }, signal);
  if (!status.ok) return status;
  const state = await openDirectory({ path: stateDir }, signal);
  if (!state.ok) return state;
  onReading({
    unfollowed: [],
    notReady: [],
    get heardAtMs() {
      return state.value.readAtMs;
    },
  });
  return parsed({
    source: joined(state.value, status.value),
    delivery: deliver === 'lo' ? new LoopbackDelivery(statusDir) : undefined,
    closed: status.value.closed,
  });
}
