/**
 * What memberlist's messages are on the wire: the number that begins each, and the fields of its struct, in the order in which the
 * reference declares them (as the short form of a struct, an array, needs). Written, they are in byte order.
 */
export const TYPE = {
  ping: 0,
  indirectPing: 1,
  ack: 2,
  suspect: 3,
  alive: 4,
  dead: 5,
  pushPull: 6,
  compound: 7,
  user: 8,
  compress: 9,
  encrypt: 10,
  nack: 11,
  crc: 12,
  error: 13,
  label: 244,
} as const;

export const PING = { SeqNo: 'u32', Node: 'text', SourceAddr: 'bytes', SourcePort: 'u16', SourceNode: 'text' } as const;
export const INDIRECT_PING = {
  SeqNo: 'u32',
  Target: 'bytes',
  Port: 'u16',
  Node: 'text',
  Nack: 'bool',
  SourceAddr: 'bytes',
  SourcePort: 'u16',
  SourceNode: 'text',
} as const;
export const ACK = { SeqNo: 'u32', Payload: 'bytes' } as const;
export const NACK = { SeqNo: 'u32' } as const;
export const ERROR = { Error: 'text' } as const;
/** Of a suspect and of a dead. */
export const ACCUSATION = { Incarnation: 'u32', Node: 'text', From: 'text' } as const;
export const ALIVE = { Incarnation: 'u32', Node: 'text', Addr: 'bytes', Port: 'u16', Meta: 'bytes', Vsn: 'bytes' } as const;
export const COMPRESS = { Algo: 'u8', Buf: 'bytes' } as const;

/** What only streams have. */
export const PUSH_PULL = { Nodes: 'i32', UserStateLen: 'i32', Join: 'bool' } as const;
export const NODE_STATE = {
  Name: 'text',
  Addr: 'bytes',
  Port: 'u16',
  Meta: 'bytes',
  Incarnation: 'u32',
  State: 'i32',
  Vsn: 'bytes',
} as const;
export const USER_HEADER = { UserMsgLen: 'i32' } as const;
