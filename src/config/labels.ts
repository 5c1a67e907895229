/**
 * The syntax of label keys and values (apimachinery's validation.IsQualifiedName and IsValidLabelValue): a key is
 * `name` or `dns.prefix/name`; names and values are at most 63 characters.
 */
const NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** What is wrong with `key` as a label key; undefined when nothing is. */
export function labelKeyProblem(key: string): string | undefined {
  if (key === '') return 'the key is empty';
  const parts = key.split('/');
  if (parts.length > 2) return `the key "${key}" has more than one "/"`;
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (prefix !== undefined && (prefix.length > 253 || !DNS_SUBDOMAIN.test(prefix))) {
    return `the prefix of the key "${key}" is not a DNS name in lower case of at most 253 characters`;
  }
  if (name.length > 63) return `the key "${key}" has a name of more than 63 characters`;
  if (!NAME.test(name))
    return `the key "${key}" has other characters than letters, digits, "-", "_" and ".", or a sign at an end`;
  return undefined;
}

/** What is wrong with `value` as a label value; undefined when nothing is. A label value may be empty. */
export function labelValueProblem(value: string): string | undefined {
  if (value === '') return undefined;
  if (value.length > 63) return `the value "${value}" has more than 63 characters`;
  if (!NAME.test(value)) {
    return `the value "${value}" has other characters than letters, digits, "-", "_" and ".", or a sign at an end`;
  }
  return undefined;
}
