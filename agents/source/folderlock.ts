/**
 * One agent a folder. Who has it listens on the unix socket `agent.sock` in it, and tells its process id to whoever asks; the
 * kernel stops the listening with the process, however that ends, so a socket that refuses is left over and may be replaced.
 */
import { open, rename, stat, unlink } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { issue, malformed, type Parsed, parsed } from '../../src/issue/issue.js';
import { codeOf, reasonOf } from '../runtime/systemerror.js';

export interface FolderLock {
  /** Gives the folder back. */
  release(): Promise<void>;
}

const SOCKET = 'agent.sock';
/** `sun_path` has 108 bytes, one of them for the end. */
const LONGEST_SOCKET_PATH = 107;
const ANSWER_MS = 1000;
/** Between `bind` and `listen` another agent's socket refuses too. */
const LISTENING_MS = 50;
const ATTEMPTS = 5;

/** Takes `folder`, which exists. STATUS_DIR_BUSY names the process that has it. */
export async function lockFolder(folder: string): Promise<Parsed<FolderLock>> {
  const unusable = (error: unknown): Parsed<never> =>
    malformed(issue('STATUS_DIR_UNUSABLE', '', `${SOCKET} cannot be made: ${reasonOf(error)}`, { file: folder }));
  try {
    const reach = await shortPath(folder);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const server = await listen(reach.path);
      if (server !== undefined) return parsed({ release: () => release(server, reach) });
      const holder = await askHolder(reach.path);
      if (holder !== undefined) {
        await reach.close();
        const message = `${holder} uses this folder; give this agent another --status-dir, or end that process`;
        return malformed(issue('STATUS_DIR_BUSY', '', message, { file: folder }));
      }
      await removeStale(reach.path);
    }
    await reach.close();
    return malformed(issue('STATUS_DIR_BUSY', '', 'several agents are starting on this folder at once', { file: folder }));
  } catch (error) {
    return unusable(error);
  }
}

interface Reach {
  readonly path: string;
  close(): Promise<void>;
}

/** A path of the socket that fits into its address: through the folder's descriptor where its name is too long. */
async function shortPath(folder: string): Promise<Reach> {
  const path = join(folder, SOCKET);
  if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) return { path, close: () => Promise.resolve() };
  const handle = await open(folder, 'r');
  return { path: `/proc/self/fd/${handle.fd}/${SOCKET}`, close: () => handle.close() };
}

/** Undefined when somebody's socket is there already. */
function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((client) => {
      client.on('error', () => client.destroy());
      client.end(`arpeggio agent, process ${process.pid}\n`);
    });
    server.once('error', (error) => (codeOf(error) === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    server.listen(path, () => {
      server.removeAllListeners('error').on('error', () => undefined);
      // The lock alone keeps no process alive.
      server.unref();
      resolve(server);
    });
  });
}

/** What the holder says of itself; undefined when nobody listens. */
async function askHolder(path: string): Promise<string | undefined> {
  const before = await inode(path);
  const first = await connectOnce(path);
  if (first !== undefined) return first;
  await sleep(LISTENING_MS);
  return before === (await inode(path)) ? connectOnce(path) : 'another agent, which is just starting,';
}

const inode = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ ino }) => ino,
    () => undefined,
  );

function connectOnce(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const client = createConnection(path);
    let said = '';
    client.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    // Who accepts and says nothing lives, but hangs.
    client.setTimeout(ANSWER_MS, () => {
      client.destroy();
      resolve('a process that does not answer');
    });
    client.on('end', () => resolve(said.trim() === '' ? 'a process that does not say its id' : said.trim()));
    client.on('error', () => resolve(undefined));
  });
}

/**
 * Moves the socket away before it is removed and looks at what was moved: of two agents that found it stale, the slower may
 * have caught the quicker one's new socket, and puts it back.
 */
async function removeStale(path: string): Promise<void> {
  const aside = `${path}.${process.pid}`;
  const stale = await inode(path);
  try {
    await rename(path, aside);
    if ((await inode(aside)) === stale && (await connectOnce(aside)) === undefined) await unlink(aside);
    else await rename(aside, path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

async function release(server: Server, reach: Reach): Promise<void> {
  // Closing also removes the socket's file.
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await reach.close();
}
