/**
 * One interface's raw packets through libpcap: frames in by a kernel filter, frames out as they are.
 *
 * `cap` polls the process's default loop, so a Link lives on the main thread only. Opening and closing block the loop for
 * 16 to 35 ms each. While frames keep coming the binding does not return to the loop, so no timer fires: the receiver has to
 * look at the clock itself.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Cap } from 'cap';
import { type Issue, issue } from '../../../src/issue/issue.js';
import { withLowDescriptors } from './descriptors.js';

/** Longer frames are cut: all that is read of one, an ARP packet, ends at byte 42. */
const FRAME_BYTES = 256;
/** What the module says when it was built with our cap.h, as it is now. */
const BUILD = "arpeggio's build of cap: 2";
/** The kernel's ring: room for some 350 frames that are cut. With more of it the last of a flood only waits longer; who found no room asks again. */
const RING_BYTES = 128 * 1024;

export interface Link {
  readonly name: string;
  /** The received frame as bytes, valid during `onFrame` only; it may be changed and sent from there. */
  readonly frame: Buffer;
  /** Sends the first `length` bytes of `frame`. Throws pcap's text, for instance when the interface is down. */
  send(frame: Buffer, length: number): void;
  /** Hears what another filter lets through from now on. No frame is lost. The issue has pcap's text; the former filter holds on then. */
  setFilter(filter: string): Issue | undefined;
  close(): void;
}

/** The receiver of frames: the first `length` bytes of `frame`, a view of the whole receive buffer. Longer frames are cut. */
export type OnFrame = (frame: DataView, length: number) => void;

/** `cap` is an optional dependency: it is loaded when an agent runs, so that everything else works without it. */
const require = createRequire(import.meta.url);
/** Beside this file, and beside its bundle. */
const HEADER = fileURLToPath(new URL('./cap.h', import.meta.url));

/** Of a capture of ours. */
interface Capture extends Cap {
  /** Undefined once it is closed. */
  receive: ((length: number) => void) | undefined;
}

let CaptureClass: (new () => Capture) | undefined;
/** The binding takes `emit` from the object when it is constructed; ours hands the frame straight through. */
function captureClass(): new () => Capture {
  const { Cap: Base } = require('cap') as typeof import('cap');
  CaptureClass ??= class extends Base {
    receive: ((length: number) => void) | undefined = undefined;
    override emit(_event: string, length: number): boolean {
      this.receive?.(length);
      return true;
    }
  };
  return CaptureClass;
}

/**
 * The binding's objects cannot be collected, nor used twice: their end corrupts the loop's list of handles and calls into a
 * context that is not there (SIGSEGV in a collection some time after a close). Each is half a kilobyte, without its frame; one is needed
 * whenever an interface comes, or comes back.
 */
const immortal: Capture[] = [];

/** Opens `name` with a capture filter. CAPTURE_DENIED without the right to raw packets, else CAPTURE_FAILED with pcap's text. */
export function openLink(name: string, filter: string, onFrame: OnFrame): Link | Issue {
  const frame = Buffer.alloc(FRAME_BYTES);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const capture = new (captureClass())();
  immortal.push(capture);
  capture.receive = (length) => onFrame(view, length);
  try {
    const type = withLowDescriptors(() => capture.open(name, filter, RING_BYTES, frame));
    if (type !== 'ETHERNET') {
      capture.close();
      return issue('CAPTURE_FAILED', name, `${name} is not Ethernet but ${type}`);
    }
  } catch (error) {
    return openFailure(name, error instanceof Error ? error.message : String(error));
  }
  return {
    name,
    frame,
    send: (bytes, length) => capture.send(bytes, length),
    setFilter: (next) => {
      try {
        (require('cap') as typeof import('cap')).setFilter(capture, next);
        return undefined;
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        return issue('CAPTURE_FAILED', name, `${name} is captured with the filter that it had, another is refused: ${text}`);
      }
    },
    close: () => {
      capture.receive = undefined;
      withLowDescriptors(() => capture.close());
    },
  };
}

/** Gives back what only the start needed (pages.h). The thread stands still for some milliseconds. */
export function releaseMemory(): void {
  (require('cap') as typeof import('cap')).releaseMemory();
}

/** Gives back what was freed, of any thread (pages.h). It takes less than a millisecond. */
export function releaseFreed(): void {
  (require('cap') as typeof import('cap')).releaseFreed();
}

function openFailure(name: string, text: string): Issue {
  return /permission|not permitted|CAP_NET_RAW/i.test(text)
    ? issue(
        'CAPTURE_DENIED',
        name,
        `raw packets on ${name} need root or CAP_NET_RAW (setcap cap_net_raw+ep on the node binary, or run as root): ${text}`,
      )
    : issue('CAPTURE_FAILED', name, `${name} cannot be captured: ${text}`);
}

/**
 * Whether the binding is there, can be loaded, and was compiled with our cap.h, and so that an interface going down cannot abort the
 * process: with `assert` compiled out (`-DNDEBUG`), the module does not refer to `__assert_fail`.
 */
export function checkBuild(read: () => Buffer = readModule, load: () => unknown = () => require('cap')): Issue | undefined {
  const repair = `with libpcap's headers and a C++ compiler installed, run: CXXFLAGS="-DNDEBUG -include '${HEADER}'"`;
  let module: Buffer;
  try {
    module = read();
  } catch {
    const message = `the capture module cap is not installed or not built; ${repair} npm install cap@0.2.1`;
    return issue('CAPTURE_BUILD', '', message);
  }
  const isOurs = module.includes(BUILD) && !module.includes('__assert_fail');
  if (isOurs) return loadFailure(load);
  const message = `the capture module cap was built without what an agent needs of it: it would end when an interface goes down, or not hear new addresses; ${repair} npm rebuild cap`;
  return issue('CAPTURE_BUILD', '', message);
}

/** Without libpcap's own library, for instance, or with another Node than it was built for. */
function loadFailure(load: () => unknown): Issue | undefined {
  try {
    load();
    return undefined;
  } catch (error) {
    const [text = ''] = String(error instanceof Error ? error.message : error).split('\n');
    return issue('CAPTURE_BUILD', '', `the capture module cap cannot be loaded; is libpcap installed? ${text}`);
  }
}

const readModule = (): Buffer => readFileSync(require.resolve('cap/build/Release/cap.node'));
