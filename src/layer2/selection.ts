/**
 * Which interfaces of a node may be answered on at all, before anybody asks whether they can be. One that is left out does not
 * exist for advertisements either (metallb-behaviour §1.6).
 */
import { issue, malformed, type Parsed, parsed } from '../issue/issue.js';
import type { NetworkInterface } from './interface.js';

export interface SelectionRule {
  readonly interfaces: 'all' | readonly string[];
  /** Each matches somewhere in the name of what is left out. */
  readonly exclude: readonly RegExp[];
}

export interface Selection {
  readonly interfaces: readonly NetworkInterface[];
  /** Name → why, as a sentence about it. */
  readonly leftOut: ReadonlyMap<string, string>;
}

/** What MetalLB's ConfigMap `metallb-excludel2` ships with: interfaces of Pods, of container engines and of kube-proxy. */
export const DEFAULT_EXCLUSIONS: readonly RegExp[] = [
  /^docker.*/u,
  /^cbr.*/u,
  /^dummy.*/u,
  /^virbr.*/u,
  /^lxcbr.*/u,
  /^veth.*/u,
  /^lo$/u,
  /^cali.*/u,
  /^tunl.*/u,
  /^flannel.*/u,
  /^kube-ipvs.*/u,
  /^cni.*/u,
  /^nodelocaldns.*/u,
  /^lxc.*/u,
];

/**
 * From what the user said. Interfaces that are named are meant, so the default exclusions are for when none is; a list of
 * exclusions replaces the default and counts always.
 */
export function selectionRule(names: readonly string[], exclude?: readonly RegExp[]): SelectionRule {
  if (names.length > 0) return { interfaces: names, exclude: exclude ?? [] };
  return { interfaces: 'all', exclude: exclude ?? DEFAULT_EXCLUSIONS };
}

/** Why an interface of this name is left out, as a sentence about it; undefined when it is not. */
export function leftOut(name: string, { interfaces, exclude }: SelectionRule): string | undefined {
  if (interfaces !== 'all' && !interfaces.includes(name)) return 'it is not one of --interface';
  const by = exclude.find((one) => one.test(name));
  return by === undefined ? undefined : `it is excluded by ${by.source}`;
}

export function selectInterfaces(all: readonly NetworkInterface[], rule: SelectionRule): Selection {
  const whyNot = new Map(all.map(({ name }) => [name, leftOut(name, rule)]));
  return {
    interfaces: all.filter(({ name }) => whyNot.get(name) === undefined),
    leftOut: new Map([...whyNot].flatMap(([name, why]) => (why === undefined ? [] : [[name, why] as const]))),
  };
}

/**
 * Reads one regular expression of an exclusion list. MetalLB's are RE2. JavaScript's Unicode mode is taken because it refuses
 * what it does not know, where the older mode would read `\A` as an A. INTERFACE_EXCLUDE_INVALID says what is wrong.
 */
export function parseExclusion(text: string, path = ''): Parsed<RegExp> {
  const [, flags = '', pattern = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(text) ?? [];
  try {
    return parsed(new RegExp(pattern, `u${[...new Set(flags)].join('')}`));
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).replace(/^Invalid regular expression: .*\/\w*: /s, '');
    return malformed(issue('INTERFACE_EXCLUDE_INVALID', path, `"${text}" is not a regular expression: ${why}`));
  }
}
