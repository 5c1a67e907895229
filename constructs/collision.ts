/**
 * Objects of an app that end up as one: of one kind and name in one namespace, or written to one file, where the later would
 * replace the earlier without a word.
 *
 * What names no namespace goes where its chart is applied to; two charts may be applied to two.
 */
import { type ApiObject, App, Chart, YamlOutputType } from 'cdk8s';
import { type Issue, issue } from '../src/issue/issue.js';

/** DUPLICATE_OBJECT or FILE_CLASH for each object whose place another has already, of any kind. `objects` are those of one app. */
export function findCollisions(objects: readonly ApiObject[]): ReadonlyMap<ApiObject, Issue> {
  const identities = new Map<string, ApiObject>();
  const files = new Map<string, ApiObject>();
  const found = new Map<ApiObject, Issue>();
  for (const object of objects) {
    const twin = firstAt(identities, identityOf(object), object);
    const other = firstAt(files, fileOf(object), object);
    if (twin !== object) found.set(object, duplicate(object, twin));
    else if (other !== object) found.set(object, clash(object, other));
  }
  return found;
}

/** Who has the place: the object itself if nobody had it before, or if it has none. */
function firstAt(taken: Map<string, ApiObject>, place: string | undefined, object: ApiObject): ApiObject {
  if (place === undefined) return object;
  const before = taken.get(place);
  if (before === undefined) taken.set(place, object);
  return before ?? object;
}

const separated = (...parts: readonly string[]): string => parts.join('\n');

function identityOf(object: ApiObject): string {
  const { apiGroup, kind, name, metadata } = object;
  const where = metadata.namespace ?? `chart ${Chart.of(object).node.path}`;
  return separated(apiGroup, kind, where, name);
}

/** The file that cdk8s writes it to, when that is for it alone. */
function fileOf(object: ApiObject): string | undefined {
  const type = outputTypeOf(object);
  const file = `${object.kind}.${object.name}`.replace(/[^0-9a-zA-Z-_.]/g, '');
  if (type === YamlOutputType.FILE_PER_RESOURCE) return file;
  return type === YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE ? separated(Chart.of(object).node.path, file) : undefined;
}

function outputTypeOf(object: ApiObject): YamlOutputType | undefined {
  const { root } = object.node;
  return root instanceof App ? root.yamlOutputType : undefined;
}

const described = ({ kind, name, metadata: { namespace } }: ApiObject): string =>
  `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;

const duplicate = (object: ApiObject, { node }: ApiObject): Issue =>
  issue('DUPLICATE_OBJECT', 'metadata.name', `${described(object)} is defined twice: ${node.path} is the same object`);

function clash(object: ApiObject, other: ApiObject): Issue {
  const message = `${described(object)} would be written over ${described(other)} (${other.node.path}): the name of a file says kind and name only; put them into different charts, and with FILE_PER_RESOURCE give them different names`;
  return issue('FILE_CLASH', 'metadata.name', message);
}
