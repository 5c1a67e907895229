/**
 * What the guide cannot mean literally, and what stands for it on a machine that has no registry, no Internet and no reader. Nothing else
 * of its manifests and commands is changed.
 */

export interface Substitution {
  /** In the guide. */
  readonly text: string;
  readonly by: string;
  readonly why: string;
}

const SERVE =
  "require('http').createServer((_, answer) => answer.end('Welcome!\\\\n')).listen(80); process.on('SIGTERM', process.exit)";

/** The first ones first. */
export const substitutions = (image: string, leader: string): readonly Substitution[] => [
  {
    text: 'https://raw.githubusercontent.com/metallb/metallb/v0.14.5/config/manifests/metallb-native.yaml',
    by: 'install.yaml',
    why: 'what is installed is this, and lies here',
  },
  {
    text: 'image: nginx:1.25',
    by: `image: ${image}\n          command: ["node", "-e", "${SERVE}"]`,
    why: 'the one image on the Nodes has a Node.js to serve with',
  },
  { text: 'curl ', by: 'client curl ', why: '“any machine on the network” is the host `client`' },
  { text: 'arping -I eth0', by: 'client arping -c 3 -I eth0', why: 'the same host asks, and not for ever' },
  { text: 'arp -a', by: 'client arp -a -n', why: 'the same host, which has nobody to ask for names' },
  { text: 'node-1', by: leader, why: 'the guide says to replace it with the leader' },
  { text: 'kubectl get service nginx-lb -w', by: 'timeout 3 kubectl get service nginx-lb -w', why: 'nobody presses Ctrl+C' },
  {
    text: 'kubectl logs -n metallb-system -l component=speaker -f',
    by: 'timeout 3 kubectl logs -n metallb-system -l component=speaker -f',
    why: 'the same',
  },
  { text: 'sleep 1', by: 'sleep 0.2', why: 'thirty answers are as many in less time' },
];

export const substitute = (text: string, all: readonly Substitution[]): string =>
  all.reduce((result, one) => result.replaceAll(one.text, one.by), text);
