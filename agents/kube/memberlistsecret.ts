/**
 * The secret that speakers encrypt gossip with, made by the controller if nobody else has (metallb-behaviour §5.2). It goes when the
 * controller's Deployment goes.
 */

import { isRecord } from '../../src/api/value.js';
import type { Issue } from '../../src/issue/issue.js';
import { troubleIssue } from '../../src/kube/trouble.js';
import type { Answer, Transport } from './transport.js';

export interface SecretOptions {
  readonly transport: Transport;
  readonly namespace: string;
  readonly name: string;
  /** Of the controller; empty: nobody owns the secret. */
  readonly deployment: string;
  /** 16 of them. */
  readonly random: Buffer;
}

/** Undefined: it is there. */
export async function ensureMemberlistSecret(options: SecretOptions): Promise<Issue | undefined> {
  const { transport, namespace, name, deployment, random } = options;
  const secrets = `/api/v1/namespaces/${namespace}/secrets`;
  const found = await transport.call({ method: 'GET', path: `${secrets}/${name}` });
  if ('answered' in found) return undefined;
  if (!('refused' in found) || found.refused.code !== 404) return failed(options, found);

  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`;
  const owner = deployment === '' ? undefined : await transport.call({ method: 'GET', path });
  if (owner !== undefined && !('answered' in owner)) return failed(options, owner);
  const uid = isRecord(owner?.answered) && isRecord(owner.answered['metadata']) ? owner.answered['metadata']['uid'] : undefined;
  const ownerReferences = uid === undefined ? [] : [{ apiVersion: 'apps/v1', kind: 'Deployment', name: deployment, uid }];

  const secretkey = Buffer.from(random.toString('base64').replace(/=+$/, '')).toString('base64');
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, ownerReferences }, data: { secretkey } };
  const made = await transport.call({ method: 'POST', path: secrets, body });
  // Another controller was faster.
  if ('answered' in made || ('refused' in made && made.refused.code === 409)) return undefined;
  return failed(options, made);
}

const failed = ({ namespace, name }: SecretOptions, answer: Exclude<Answer, { readonly answered: unknown }>): Issue =>
  troubleIssue(answer, `the secret ${namespace}/${name} cannot be made`, 'it is tried again every 10 s');
