/**
 * What our admission policies ask of a request, in CEL. Every function here exists in Kubernetes 1.30; there is none for IP
 * addresses yet, so their syntax is a regular expression. A request is never refused for what the allocator would accept.
 */
import { ANNOTATION_KEYS } from '../src/allocator/annotation.js';
import { GROUP, VERSION } from '../src/api/kind.js';
import { METALLB_NAMESPACE } from '../src/api/object.js';
import type { IssueCode } from '../src/issue/catalogue.js';

/** One ValidatingAdmissionPolicy, as far as it differs from the others. */
export interface AdmissionRules {
  readonly name: string;
  readonly matchConstraints: { readonly resourceRules: readonly ResourceRule[] };
  readonly matchConditions?: readonly Named[];
  readonly variables?: readonly Named[];
  readonly validations: readonly Validation[];
}

interface ResourceRule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
  readonly operations: readonly ('CREATE' | 'UPDATE' | 'DELETE')[];
}

interface Named {
  readonly name: string;
  readonly expression: string;
}

interface Validation {
  readonly expression: string;
  readonly messageExpression: string;
  readonly reason: 'Forbidden' | 'Invalid';
}

type Message = (words: TemplateStringsArray, ...expressions: readonly string[]) => string;

/** Writes a text in CEL that reads as formatIssue writes one. What its template inserts are expressions. */
const message =
  (code: IssueCode): Message =>
  ([first = '', ...words], ...expressions) => {
    const rest = words.flatMap((word, i) => [expressions[i] ?? '', ...(word === '' ? [] : [JSON.stringify(word)])]);
    return [JSON.stringify(`${code} ${first}`), ...rest].join(' + ');
  };
const misplaced = message('FIELD_INVALID');
const inUse = message('POOL_IN_USE');
const invalid = message('SERVICE_INVALID');

const PLACEMENT: AdmissionRules = {
  name: 'placement.arpeggio.dev',
  matchConstraints: {
    resourceRules: [
      {
        apiGroups: [GROUP],
        apiVersions: [VERSION],
        resources: ['ipaddresspools', 'l2advertisements'],
        operations: ['CREATE'],
      },
    ],
  },
  validations: [
    {
      expression: `request.namespace == "${METALLB_NAMESPACE}"`,
      messageExpression: misplaced`metadata.namespace: must be metallb-system, not ${'request.namespace'}: objects elsewhere are not read`,
      reason: 'Invalid',
    },
  ],
};

/** Says that Services would lose addresses: a pool may be deleted when nobody holds any, or when somebody has said so. */
const ALLOW_DELETE = 'arpeggio.dev/allow-delete';

const counter = (name: string): string =>
  `(has(oldObject.status) && has(oldObject.status.${name}) ? oldObject.status.${name} : 0)`;

const POOL_DELETION: AdmissionRules = {
  name: 'pool-deletion.arpeggio.dev',
  matchConstraints: {
    resourceRules: [{ apiGroups: [GROUP], apiVersions: [VERSION], resources: ['ipaddresspools'], operations: ['DELETE'] }],
  },
  variables: [
    { name: 'assigned', expression: `${counter('assignedIPv4')} + ${counter('assignedIPv6')}` },
    {
      name: 'allowed',
      expression: `has(oldObject.metadata.annotations) && "${ALLOW_DELETE}" in oldObject.metadata.annotations && oldObject.metadata.annotations["${ALLOW_DELETE}"] == "true"`,
    },
  ],
  validations: [
    {
      expression: 'variables.assigned == 0 || variables.allowed',
      messageExpression: inUse`status: Services hold ${'string(variables.assigned)'} of its addresses and would lose them; move them first, or annotate the pool with arpeggio.dev/allow-delete: "true"`,
      reason: 'Forbidden',
    },
  ],
};

const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const HEX = '[0-9A-Fa-f]{1,4}';
const DOTTED = `(${OCTET}[.]){3}${OCTET}`;
const groups = (count: string): string => `${HEX}(:${HEX}){${count}}`;
const FEW = groups('0,6');
/** Exact but for one thing: how many groups there are on both sides of `::` together is not counted. */
export const PLAUSIBLE_ADDRESS: string = `^(${DOTTED}|${groups('7')}|${groups('5')}:${DOTTED}|(${FEW})?::(${FEW}|(${FEW}:)?${DOTTED})?)$`;

/** No two addresses are so long; more is not looked at, because looking has a price that an API server limits. */
const LONGEST = 256;

const [STABLE, DEPRECATED] = ANNOTATION_KEYS.loadBalancerIPs;

const has = (object: string, key: string): string =>
  `has(${object}.metadata.annotations) && "${key}" in ${object}.metadata.annotations`;

/** The annotation's value; of two spellings the stable one wins, even when it is empty. */
const requested = (object: string): string => {
  const value = (key: string): string => `${object}.metadata.annotations["${key}"]`;
  return `${has(object, STABLE)} ? ${value(STABLE)} : ${has(object, DEPRECATED)} ? ${value(DEPRECATED)} : ""`;
};

const field = (object: string): string => `has(${object}.spec.loadBalancerIP) ? ${object}.spec.loadBalancerIP : ""`;

const KEY = 'variables.key';

/**
 * What must hold of a Service that asks for something new. One that goes on asking for what it asked for before may stay as
 * it is: whoever changes something else of it must be able to.
 */
const ofRequest = (holds: string, messageExpression: string): Validation => ({
  expression: `!variables.asksAnew || ${holds}`,
  messageExpression,
  reason: 'Invalid',
});

const isAddress = (text: string): string => `${text}.matches(variables.pattern)`;

/** An API server shows no message with a line break in it. */
const quoted = (text: string): string =>
  `(${text}.matches("[[:cntrl:]]") ? "the text, which has a line break or the like in it," : "\\"" + ${text} + "\\"")`;

const SERVICE_REQUEST: AdmissionRules = {
  name: 'service-request.arpeggio.dev',
  matchConstraints: {
    resourceRules: [
      { apiGroups: [''], apiVersions: ['v1'], resources: ['services', 'services/status'], operations: ['CREATE', 'UPDATE'] },
    ],
  },
  matchConditions: [{ name: 'is-a-load-balancer', expression: 'has(object.spec.type) && object.spec.type == "LoadBalancer"' }],
  variables: [
    { name: 'key', expression: `!(${has('object', STABLE)}) && ${has('object', DEPRECATED)} ? "${DEPRECATED}" : "${STABLE}"` },
    { name: 'text', expression: requested('object') },
    {
      name: 'addresses',
      expression: `variables.text == "" || variables.text.size() > ${LONGEST} ? [] : variables.text.split(",").map(part, part.trim())`,
    },
    { name: 'field', expression: field('object') },
    { name: 'oldText', expression: requested('oldObject') },
    { name: 'oldField', expression: field('oldObject') },
    {
      name: 'asksAnew',
      expression:
        'request.operation == "CREATE" || oldObject.spec.type != "LoadBalancer" || variables.oldText != variables.text || variables.oldField != variables.field',
    },
    { name: 'pattern', expression: JSON.stringify(PLAUSIBLE_ADDRESS) },
    { name: 'wrong', expression: `variables.addresses.filter(part, !${isAddress('part')})` },
  ],
  validations: [
    ofRequest(
      `variables.text.size() <= ${LONGEST}`,
      invalid`metadata.annotations["${KEY}"]: has ${'string(variables.text.size())'} characters, which is more than two addresses need`,
    ),
    ofRequest(
      `variables.field.size() <= ${LONGEST}`,
      invalid`spec.loadBalancerIP: has ${'string(variables.field.size())'} characters, which is more than an address needs`,
    ),
    ofRequest(
      'variables.text == "" || variables.field == ""',
      invalid`metadata.annotations["${KEY}"]: a Service cannot have both annotation ${KEY} and spec.loadBalancerIP; keep the annotation`,
    ),
    ofRequest(
      'variables.wrong.size() == 0',
      invalid`metadata.annotations["${KEY}"]: ${quoted('variables.wrong[0]')} is not an IP address; write one address, or an IPv4 and an IPv6 address with a comma between them`,
    ),
    ofRequest(
      'variables.addresses.size() <= 2',
      invalid`metadata.annotations["${KEY}"]: at most two addresses can be requested, one of each family, not ${'string(variables.addresses.size())'}`,
    ),
    ofRequest(
      'variables.addresses.size() != 2 || variables.addresses.filter(part, part.contains(":")).size() == 1',
      invalid`metadata.annotations["${KEY}"]: ${'variables.addresses[0]'} and ${'variables.addresses[1]'} are of the same family; two must be one of each`,
    ),
    // What stands in the field for another load balancer is for that one to say.
    ofRequest(
      `variables.field == "" || has(object.spec.loadBalancerClass) || variables.field.size() > ${LONGEST} || ${isAddress('variables.field.trim()')}`,
      invalid`spec.loadBalancerIP: ${quoted('variables.field')} is not an IP address; write one address, or none`,
    ),
  ],
};

export const ADMISSION_RULES: readonly AdmissionRules[] = [PLACEMENT, POOL_DELETION, SERVICE_REQUEST];
