/**
 * What a request asks of an API server, as RBAC and audit logs call it: a verb and a resource.
 */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

export interface RequestInfo {
  readonly verb: Verb;
  /** With its subresource, such as `services/status`; the path itself where there is no resource in it. */
  readonly resource: string;
  /** `fieldManager`, by which a writer names himself; empty where he does not. */
  readonly manager: string;
}

export function requestInfo(method: string, url: string): RequestInfo {
  const { pathname, searchParams } = new URL(url, 'https://localhost');
  const [, root, ...rest] = pathname.split('/');
  const parts = root === 'api' ? rest.slice(1) : root === 'apis' ? rest.slice(2) : [];
  const [resource, name, subresource] = withoutNamespace(parts);
  const manager = searchParams.get('fieldManager') ?? '';
  if (resource === undefined) return { verb: verbOf(method, true, false), resource: pathname, manager };
  const isWatch = ['true', '1'].includes(searchParams.get('watch') ?? '');
  return {
    verb: verbOf(method, name !== undefined, isWatch),
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    manager,
  };
}

/** Below `namespaces/NAME` lies what is in the namespace, but for what belongs to the namespace itself. */
function withoutNamespace(parts: readonly string[]): readonly string[] {
  const [first, , third] = parts;
  const isInside = first === 'namespaces' && third !== undefined && !['status', 'finalize'].includes(third);
  return isInside ? parts.slice(2) : parts;
}

function verbOf(method: string, isNamed: boolean, isWatch: boolean): Verb {
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return isNamed ? 'delete' : 'deletecollection';
    default:
      return isWatch ? 'watch' : isNamed ? 'get' : 'list';
  }
}
