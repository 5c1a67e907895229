import { describe, expect, test } from 'vitest';
import { checkBuild } from '../../agents/speaker/wire/link.js';

describe('the capture module', () => {
  test('of this checkout is one that cannot abort the process', () => {
    expect(checkBuild()).toBeUndefined();
  });

  test.each([
    ['was built with assertions', () => Buffer.from('ELF \0__assert_fail\0'), /built with assertions .*npm rebuild cap/],
    [
      'is not there',
      () => {
        throw new Error('Cannot find module');
      },
      /not installed or not built.*npm install cap/,
    ],
  ])('that %s is refused', (_, read, message) => {
    expect(checkBuild(read)).toMatchObject({ code: 'CAPTURE_BUILD', message: expect.stringMatching(message) });
  });

  test('that cannot be loaded is refused, with what the loader says in one line', () => {
    const load = (): never => {
      throw new Error('libpcap.so.0.8: cannot open shared object file\n- elsewhere');
    };
    const refused = checkBuild(() => Buffer.from('ELF'), load);
    expect(refused).toMatchObject({
      code: 'CAPTURE_BUILD',
      message: expect.stringMatching(/libpcap installed\? libpcap\.so\.0\.8: .* file$/),
    });
  });
});
