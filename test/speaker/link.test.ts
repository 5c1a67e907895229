import { describe, expect, test } from 'vitest';
import { checkBuild } from '../../agents/speaker/wire/link.js';

/** What cap.h leaves in the module. */
const OURS = "\0arpeggio's build of cap: 2\0";

describe('the capture module', () => {
  test('of this checkout is one that cannot abort the process', () => {
    expect(checkBuild()).toBeUndefined();
  });

  test.each([
    [
      'was built with assertions',
      () => Buffer.from(`ELF \0__assert_fail\0${OURS}`),
      /interface goes down.*cap\.h'" npm rebuild cap$/,
    ],
    ['was built without our header', () => Buffer.from('ELF'), /not hear new addresses.*cap\.h'" npm rebuild cap$/],
    [
      'is not there',
      () => {
        throw new Error('Cannot find module');
      },
      /not installed or not built.*cap\.h'" npm install cap/,
    ],
  ])('that %s is refused', (_, read, message) => {
    expect(checkBuild(read)).toMatchObject({ code: 'CAPTURE_BUILD', message: expect.stringMatching(message) });
  });

  test('that cannot be loaded is refused, with what the loader says in one line', () => {
    const load = (): never => {
      throw new Error('libpcap.so.0.8: cannot open shared object file\n- elsewhere');
    };
    const refused = checkBuild(() => Buffer.from(OURS), load);
    expect(refused).toMatchObject({
      code: 'CAPTURE_BUILD',
      message: expect.stringMatching(/libpcap installed\? libpcap\.so\.0\.8: .* file$/),
    });
  });
});
