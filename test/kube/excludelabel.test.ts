import { expect, test } from 'vitest';
import { speakerStatus } from '../../agents/speaker/view/status.js';
import type { PlainObject } from '../../src/api/value.js';
import { ignoresExcludeLabel } from '../../src/kube/excludelabel.js';

const shown = (status: PlainObject) => ({ resourceVersion: '1', generation: 0, status });
const said = (ignoreExcludeLabel: boolean): PlainObject => {
  const nothing = { announced: [], conflicts: [], unanswerable: new Map(), uncaptured: [], unspread: undefined };
  const [state] = speakerStatus({ node: 'n1', isValid: true, ...nothing, ignoreExcludeLabel });
  return state?.['status'] as PlainObject;
};

test.each<[string, PlainObject, boolean]>([
  ['a speaker that ignores the label', said(true), true],
  ['one that does not', said(false), false],
  ['one of MetalLB, which says nothing of it', { conditions: [{ type: 'configReconcilerValid', status: 'True' }] }, false],
  ['one that has said nothing yet', {}, false],
  ['conditions out of shape', { conditions: 'none' }, false],
])('%s', (_, status, expected) => {
  expect(ignoresExcludeLabel(shown(status))).toBe(expected);
});
