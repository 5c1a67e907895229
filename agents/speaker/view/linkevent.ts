/**
 * One line of `ip -o monitor link address`. A line only says that something changed, and whether what was opened on the
 * interface may be dead now; how the interfaces are is in the full list that follows.
 */
export interface LinkEvent {
  readonly index: number;
  /** Of an address line it may be an old one: `ip` does not learn of new names. */
  readonly name: string;
  readonly subject: 'link' | 'address';
  /** It is down, without carrier, gone, or lost a link-local address. */
  readonly interrupted: boolean;
}

/** `3: v0@v1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 ...`, of another namespace's peer `3: v0@if2: ...` */
const LINK = /^(?:Deleted )?(\d+): ([^:@]+)(?:@[^:]*)?: <([^>]*)>/;
/** `3: v0    inet6 fe80::ff:fe00:10/64 scope link \ ...` */
const ADDRESS = /^(Deleted )?(\d+): (\S+)\s+(inet6?) .*?scope (\w+)/;

/** Undefined for a line that is neither: a change nobody here can place. */
export function parseLinkEvent(line: string): LinkEvent | undefined {
  const link = LINK.exec(line);
  if (link !== null) {
    const flags = (link[3] ?? '').split(',');
    // The flags decide and not the word Deleted, which also tells that a port left its bridge. What is really gone was down.
    const interrupted = !flags.includes('UP') || !flags.includes('LOWER_UP');
    return { index: Number(link[1]), name: link[2] ?? '', subject: 'link', interrupted };
  }
  const address = ADDRESS.exec(line);
  if (address === null) return undefined;
  const interrupted = address[1] !== undefined && address[4] === 'inet6' && address[5] === 'link';
  return { index: Number(address[2]), name: address[3] ?? '', subject: 'address', interrupted };
}
