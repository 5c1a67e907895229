/**
 * The ports of one Service against each other, as an API server sees them: several need names, no name stands twice, and
 * neither does a port of one protocol.
 */
import { type Issue, issue } from '../issue/issue.js';

export interface WrittenPort {
  readonly port: number;
  readonly name?: string;
  readonly protocol?: string;
}

/** SERVICE_INVALID, at `spec.ports[i]`. */
export function portMistakes(ports: readonly WrittenPort[]): Issue[] {
  const names = new Set<string>();
  const numbers = new Set<string>();
  return ports.flatMap(({ port, name, protocol = 'TCP' }, i) => {
    const path = `spec.ports[${i}]`;
    const number = `${protocol}/${port}`;
    const found: Issue[] = [];
    if (ports.length > 1 && name === undefined) {
      found.push(issue('SERVICE_INVALID', `${path}.name`, `is missing; a Service with ${ports.length} ports names each of them`));
    }
    if (name !== undefined && names.has(name)) {
      found.push(issue('SERVICE_INVALID', `${path}.name`, `another port is named "${name}" too`));
    }
    if (numbers.has(number)) found.push(issue('SERVICE_INVALID', `${path}.port`, `another port is ${number} too`));
    if (name !== undefined) names.add(name);
    numbers.add(number);
    return found;
  });
}
