/**
 * A mixin that has a Service ask for an address, whatever construct wrote the Service: `service.with(new RequestAddress({…}))`
 * (constructs 10.8). On a construct that contains Services it is for all of them.
 */
import { ApiObject } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { isRecord } from '../src/api/value.js';
import { type Issue, issue, type Source } from '../src/issue/issue.js';
import { authorOf, placedBy } from './author.js';
import { type AddressRequest, requestAnnotations, requestMistakes } from './request.js';
import { checkAtSynth } from './verdict.js';

export class RequestAddress {
  readonly #request: AddressRequest;
  readonly #author: () => Source | undefined;

  constructor(request: AddressRequest) {
    this.#request = request;
    this.#author = authorOf(new.target);
  }

  supports(construct: IConstruct): boolean {
    return ApiObject.isApiObject(construct) && construct.kind === 'Service' && construct.apiVersion === 'v1';
  }

  applyTo(construct: IConstruct): void {
    if (!ApiObject.isApiObject(construct)) return;
    const author = this.#author;
    for (const [key, value] of Object.entries(requestAnnotations(this.#request))) construct.metadata.addAnnotation(key, value);
    checkAtSynth(construct, {
      author,
      mistakes: () => [...requestMistakes(this.#request), ...wrongType(construct)].map(placedBy(author)),
    });
  }
}

function wrongType(service: ApiObject): Issue[] {
  const { spec } = service.toJson() as { readonly spec?: unknown };
  const type = isRecord(spec) ? spec['type'] : undefined;
  if (type === 'LoadBalancer') return [];
  const message = `only a Service of type LoadBalancer gets an address, and ${service.name} is ${type ?? 'ClusterIP'}`;
  return [issue('SERVICE_INVALID', 'spec.type', message)];
}
