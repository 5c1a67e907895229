/**
 * The one writer of YAML. Every text that any reader, of YAML 1.1 or 1.2, could take for something else is quoted: `"yes"`,
 * `"0777"`, `"02:00:00:00:00:01"`. Same value in, same bytes out; fields keep the order they were given in.
 */
import { stringify } from 'yaml';

export const formatYaml = (value: unknown): string =>
  stringify(value, { version: '1.1', compat: 'core', lineWidth: 0, aliasDuplicateObjects: false });
