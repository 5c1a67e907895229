import { expect, test } from 'vitest';
import { parseUris } from '../../tools/image/debian.js';

test.each([
  ['nothing', '', []],
  ['what apt-get warns of', "W: Download is performed unsandboxed as root as file '/x/a.deb'\n", []],
  [
    'a file a line, whatever its version',
    "'http://debian/pool/w/wget_1.21.deb' wget_1.21_amd64.deb 984 SHA256:0f\n'http://debian/pool/r/r.deb' runc_1%3a1.1+ds1~1_amd64.deb 2 SHA256:1a\n",
    [
      { uri: 'http://debian/pool/w/wget_1.21.deb', name: 'wget_1.21_amd64.deb' },
      { uri: 'http://debian/pool/r/r.deb', name: 'runc_1%3a1.1+ds1~1_amd64.deb' },
    ],
  ],
])('the files of Debian packages are read from %s', (_, text, expected) => {
  expect(parseUris(text)).toEqual(expected);
});
