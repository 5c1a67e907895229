/**
 * `ip -o monitor link address` as a child process, started again whenever it ends.
 *
 * It dies with us, however we end: a shell holds it, and kills it when its own standard input closes. By itself it would stay
 * until the next change on this host, when it finds that nobody reads its output.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

export interface LinkMonitorOptions {
  /** How `ip` is called. */
  readonly command: readonly string[];
  readonly onLine: (line: string) => void;
  /**
   * It runs, for the first time or again. It may be a moment before it sees changes.
   *
   * @param isGap the one before had run for a good while: what changes until this one sees it would have been seen
   */
  readonly onStart: (isGap: boolean) => void;
  /** Changes went unseen: there were too many at once. */
  readonly onLoss: () => void;
  /** It ended, as a sentence; once, until it has run for a good while again. */
  readonly onDeath: (why: string) => void;
}

/** Between an end and the next start; doubled from the one to the other while it does not stay. */
const BACKOFF_MS = { first: 100, last: 5000 };
/** A monitor that lived so long is one that stays. */
const STABLE_MS = 5000;

/** How long after its end what it said is waited for. */
const LAST_WORDS_MS = 100;

/** The shell closes its copy of standard output, which then ends with the monitor. Its exit code is the monitor's. */
const SCRIPT = '"$@" & child=$!; exec >&-; read -r _; kill $child 2>/dev/null; wait $child';

/** Until `signal` aborts; resolves when the child is gone. */
export async function runLinkMonitor(options: LinkMonitorOptions, signal: AbortSignal): Promise<void> {
  let [backoffMs, isKnown, isGap] = [BACKOFF_MS.first, false, false];
  while (!signal.aborted) {
    const startedAt = performance.now();
    const why = await runOnce(options, isGap, signal);
    // One that never stays must not have everything opened anew each time.
    isGap = performance.now() - startedAt >= STABLE_MS;
    if (isGap) [backoffMs, isKnown] = [BACKOFF_MS.first, false];
    await pause(backoffMs, undefined, { signal }).catch(() => undefined);
    // Told only now: whoever ends this agent may have ended its children first.
    if (signal.aborted) return;
    if (!isKnown) options.onDeath(why);
    isKnown = true;
    backoffMs = Math.min(backoffMs * 2, BACKOFF_MS.last);
  }
}

/** One life of the child: resolves with why it ended. */
async function runOnce(
  { command, onLine, onStart, onLoss }: LinkMonitorOptions,
  isGap: boolean,
  signal: AbortSignal,
): Promise<string> {
  // Apart from the terminal, whose Ctrl-C would end the shell and not the monitor: a shell's background jobs ignore it.
  const args = ['-c', SCRIPT, 'sh', ...command, '-o', 'monitor', 'link', 'address'];
  const child = spawn('sh', args, { detached: true });
  const end = (): void => {
    child.stdin.end();
  };
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  child.on('spawn', () => onStart(isGap));
  createInterface({ input: child.stdout }).on('line', onLine);
  child.stdout.on('end', end);
  let lastWords = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    lastWords = line;
    if (line.includes('receive error')) onLoss();
  });
  try {
    return await ended(child, () => lastWords);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

function ended(child: ChildProcessWithoutNullStreams, lastWords: () => string): Promise<string> {
  child.stdin.on('error', () => undefined);
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    // Its last words may come after it. A monitor that outlives its shell would keep them open.
    child.on('exit', () => {
      const late = setTimeout(() => {
        for (const stream of [child.stdout, child.stderr]) stream.destroy();
      }, LAST_WORDS_MS);
      child.on('close', () => clearTimeout(late));
    });
    child.on('close', (code, killedBy) => {
      resolve([killedBy ?? `exit code ${code}`, lastWords()].filter((part) => part !== '').join(': '));
    });
  });
}
