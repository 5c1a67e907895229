/**
 * What an API server refuses of a Service that an author writes in TypeScript, as far as an author is likely to write it. The
 * values come from programs that may have no types, so nothing is taken for granted.
 */

import { didYouMean } from '../api/nearest.js';
import { portMistakes, type WrittenPort } from '../api/serviceports.js';
import { isRecord, shown } from '../api/value.js';
import { type Issue, issue } from '../issue/issue.js';
import { labelKeyProblem, labelValueProblem } from './labels.js';

export interface WrittenService {
  readonly name: unknown;
  readonly labels: unknown;
  /** Everything that the author put into the spec. */
  readonly spec: Readonly<Record<string, unknown>>;
}

/** SERVICE_INVALID, UNKNOWN_FIELD and FIELD_INVALID. What reading any Service finds is left to that. */
export function serviceMistakes({ name, labels, spec }: WrittenService): Issue[] {
  return [
    ...nameMistakes(name),
    ...labelMistakes(labels, 'metadata.labels'),
    ...unknownFields(spec, SPEC_FIELDS, 'spec'),
    ...labelMistakes(spec['selector'], 'spec.selector'),
    ...classMistakes(spec['loadBalancerClass']),
    ...familyMistakes(spec['ipFamilies'], spec['ipFamilyPolicy']),
    ...portsMistakes(spec['ports']),
  ];
}

const invalid = (path: string, message: string): Issue => issue('SERVICE_INVALID', path, message);

/** RFC 1035, section 2.3.1. */
function nameMistakes(name: unknown): Issue[] {
  const path = 'metadata.name';
  if (typeof name !== 'string') return [issue('FIELD_INVALID', path, `must be text, not ${shown(name)}`)];
  if (name.length <= 63 && /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name)) return [];
  const rule = 'begins with a letter a to z, has only those, digits and "-", ends in no "-" and has at most 63 characters';
  return [invalid(path, `"${name}" cannot be the name of a Service, which ${rule}`)];
}

function labelMistakes(labels: unknown, path: string): Issue[] {
  if (labels === undefined) return [];
  if (!isRecord(labels)) return [issue('FIELD_INVALID', path, `must be an object of labels, not ${shown(labels)}`)];
  return Object.entries(labels).flatMap(([key, value]) => {
    if (typeof value !== 'string') return [issue('FIELD_INVALID', path, `"${key}" must be text, not ${shown(value)}`)];
    const problems = [labelKeyProblem(key), labelValueProblem(value)];
    return problems.flatMap((problem) => (problem === undefined ? [] : [invalid(path, problem)]));
  });
}

function classMistakes(name: unknown): Issue[] {
  const problem = typeof name === 'string' ? labelKeyProblem(name) : undefined;
  return problem === undefined ? [] : [invalid('spec.loadBalancerClass', `must have the form of a label's key: ${problem}`)];
}

function familyMistakes(families: unknown, policy: unknown): Issue[] {
  if (!Array.isArray(families) || families.length < 2) return [];
  const path = 'spec.ipFamilies';
  if (families.length > 2) return [invalid(path, `there are two families, not ${families.length}`)];
  if (families[0] === families[1]) return [invalid(path, `names ${String(families[0])} twice; two must be IPv4 and IPv6`)];
  if (policy === 'PreferDualStack' || policy === 'RequireDualStack') return [];
  const given = policy === undefined ? 'is missing' : `is ${String(policy)}`;
  return [invalid('spec.ipFamilyPolicy', `${given}; a Service of two families has PreferDualStack or RequireDualStack`)];
}

function portsMistakes(ports: unknown): Issue[] {
  const path = 'spec.ports';
  if (!Array.isArray(ports)) return [issue('FIELD_INVALID', path, `must be a list of ports, not ${shown(ports)}`)];
  if (ports.length === 0) return [invalid(path, 'is empty; a Service has at least one port')];
  if (!ports.every(isPort)) return ports.flatMap((port, i) => shapeMistakes(port, `${path}[${i}]`));
  return [...ports.flatMap((port, i) => portDetails(port, `${path}[${i}]`)), ...portMistakes(ports)];
}

/** Whether it can be held against the others. A port that is no possible number is told when the Service is read. */
const isPort = (port: unknown): port is WrittenPort & Readonly<Record<string, unknown>> =>
  isRecord(port) && typeof port['port'] === 'number' && ['string', 'undefined'].includes(typeof port['name']);

function shapeMistakes(port: unknown, path: string): Issue[] {
  if (!isRecord(port)) return [issue('FIELD_INVALID', path, `must be an object, not ${shown(port)}`)];
  const { name } = port;
  return name === undefined || typeof name === 'string'
    ? []
    : [issue('FIELD_INVALID', `${path}.name`, `must be text, not ${shown(name)}`)];
}

function portDetails(port: Readonly<Record<string, unknown>>, path: string): Issue[] {
  const { name, targetPort, nodePort } = port;
  return [
    ...unknownFields(port, PORT_FIELDS, path),
    ...(typeof name === 'string' && !isPortName(name, 63)
      ? [invalid(`${path}.name`, `"${name}" must be a to z, digits and "-", with no "-" at an end, and at most 63 characters`)]
      : []),
    ...targetMistakes(targetPort, `${path}.targetPort`),
    ...(nodePort === undefined || isPortNumber(nodePort) ? [] : [notAPort(nodePort, `${path}.nodePort`)]),
  ];
}

/** RFC 6335, section 5.1, has the names that a target may have. */
function targetMistakes(target: unknown, path: string): Issue[] {
  if (target === undefined || isPortNumber(target)) return [];
  if (typeof target !== 'string') return [notAPort(target, path)];
  if (isPortName(target, 15) && /[a-z]/.test(target) && !target.includes('--')) return [];
  const rule = 'at most 15 of a to z, digits and "-", one of them a letter, and no "-" at an end or after another';
  return [invalid(path, `"${target}" cannot be the name of a port of pods, which is ${rule}`)];
}

const isPortName = (name: string, most: number): boolean => name.length <= most && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name);

const isPortNumber = (port: unknown): boolean => Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65535;

const notAPort = (port: unknown, path: string): Issue => invalid(path, `must be a port from 1 to 65535, not ${shown(port)}`);

function unknownFields(object: Readonly<Record<string, unknown>>, fields: readonly string[], path: string): Issue[] {
  return Object.keys(object)
    .filter((field) => !fields.includes(field))
    .map((field) =>
      issue('UNKNOWN_FIELD', `${path}.${field}`, `"${field}" is not a field of ${path}${didYouMean(field, fields)}`),
    );
}

const PORT_FIELDS = ['appProtocol', 'name', 'nodePort', 'port', 'protocol', 'targetPort'];

const SPEC_FIELDS = [
  'allocateLoadBalancerNodePorts',
  'clusterIP',
  'clusterIPs',
  'externalIPs',
  'externalName',
  'externalTrafficPolicy',
  'healthCheckNodePort',
  'internalTrafficPolicy',
  'ipFamilies',
  'ipFamilyPolicy',
  'loadBalancerClass',
  'loadBalancerIP',
  'loadBalancerSourceRanges',
  'ports',
  'publishNotReadyAddresses',
  'selector',
  'sessionAffinity',
  'sessionAffinityConfig',
  'trafficDistribution',
  'type',
];
