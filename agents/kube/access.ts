/**
 * Where an API server is and how to prove who asks, as it stands at a moment: tokens are replaced every hour, certificates
 * now and then.
 */
export interface Access {
  /** `https:` */
  readonly server: URL;
  /** The namespace that this identity is at home in, where that is known. */
  readonly namespace?: string;
  /** Read anew each time. Rejected when they cannot be. */
  credentials(): Promise<Credentials>;
}

export interface Credentials {
  /** PEM. Absent: the system's authorities count. */
  readonly ca?: string | Buffer;
  /** PEM, of the client. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly passphrase?: string;
  /** What the server's certificate is for, if not for its address. */
  readonly servername?: string;
  /** @default true */
  readonly rejectUnauthorized?: boolean;
  /** The value of the header. */
  readonly authorization?: string;
}
