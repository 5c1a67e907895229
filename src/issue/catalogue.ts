/**
 * Every code an issue can have, once. docs/errors.md explains each; a test holds the two equal.
 *
 * A code is a contract: people search for it and write alerts on it. Codes are added, never renamed.
 */
export const CATALOGUE = {
  // Text that should be an address, a range or a MAC.
  ADDRESS_MALFORMED: { severity: 'error', summary: 'not an IP address' },
  PREFIX_MALFORMED: { severity: 'error', summary: 'not a CIDR prefix' },
  RANGE_MALFORMED: { severity: 'error', summary: 'not an address range' },
  RANGE_REVERSED: { severity: 'error', summary: 'a range whose first address is after its last' },
  RANGE_MIXED_FAMILIES: { severity: 'error', summary: 'a range from one address family to the other' },

  // Files and YAML.
  FILE_UNREADABLE: { severity: 'error', summary: 'a file or folder that cannot be read' },
  YAML_MALFORMED: { severity: 'error', summary: 'not YAML, or YAML cut short' },
  NOT_AN_OBJECT: { severity: 'error', summary: 'a document without apiVersion, kind and metadata.name' },
  DUPLICATE_OBJECT: { severity: 'error', summary: 'the same object in two places' },
  FILE_CLASH: { severity: 'error', summary: 'two objects of an app that are written to one file' },

  // One object against its schema.
  UNKNOWN_FIELD: { severity: 'error', summary: 'a field the kind does not have' },
  FIELD_MISSING: { severity: 'error', summary: 'a required field is missing' },
  FIELD_INVALID: { severity: 'error', summary: 'a value of the wrong type or out of bounds' },
  FIELD_MISTYPED: { severity: 'warning', summary: 'a field of a Service that is nearly one that exists' },
  API_VERSION_UNKNOWN: { severity: 'error', summary: 'a version of our kinds that does not exist' },
  SELECTOR_INVALID: { severity: 'error', summary: 'a label selector that cannot be' },
  DUPLICATE_ENTRY: { severity: 'error', summary: 'the same entry twice in one list' },

  // Objects against each other.
  POOL_OVERLAP: { severity: 'error', summary: 'two ranges share addresses' },
  UNKNOWN_POOL: { severity: 'warning', summary: 'an advertisement names a pool that does not exist' },
  OUTSIDE_SUBNET: { severity: 'error', summary: 'an address outside the subnet it is said to be in' },
  SUBNET_OVERLAP: { severity: 'error', summary: "a pool has addresses that are somebody else's in a subnet" },
  SUBNET_FULL: { severity: 'error', summary: 'a subnet has not so many free addresses in a row' },
  OUTSIDE_POOL: { severity: 'error', summary: 'what is excluded or reserved is not in the pool' },
  RESERVED_TWICE: { severity: 'error', summary: 'a name or an address of a pool is reserved already' },
  POOL_IN_USE: { severity: 'error', summary: 'a pool is deleted while Services hold its addresses' },
  PRIORITY_NEGATIVE: { severity: 'error', summary: 'a negative pool priority' },
  LEGACY_IGNORED: { severity: 'warning', summary: "MetalLB's configuration of before 0.13, which nothing reads" },
  BGP_IGNORED: { severity: 'warning', summary: 'BGP objects and fields are accepted and ignored' },

  // What checks find when everything else is right.
  POOL_UNADVERTISED: { severity: 'warning', summary: 'a pool that no advertisement covers' },
  NO_POOL_MATCHED: { severity: 'warning', summary: 'an advertisement that announces no pool' },
  NO_NODE_MATCHED: { severity: 'warning', summary: 'an advertisement that covers no node' },
  NO_FAILOVER: { severity: 'warning', summary: 'a pool that only one node may answer for' },
  SELECTOR_UNMATCHED: { severity: 'warning', summary: 'a selector for a label that nobody has' },
  UNKNOWN_NAMESPACE: { severity: 'warning', summary: 'a pool pinned to a namespace that does not exist' },
  POOL_ADMITS_NOBODY: { severity: 'warning', summary: 'a pool pinned to namespaces of which there is none' },
  POOL_HAS_NODE: { severity: 'warning', summary: 'a pool with the address of a node' },
  POOL_HAS_PODS: { severity: 'warning', summary: 'a pool with addresses of Pods' },
  POOL_HAS_CLUSTER_IP: { severity: 'warning', summary: 'a pool with the cluster IP of a Service' },
  POOL_NOT_UNICAST: { severity: 'warning', summary: 'a pool with addresses that nobody can be reached at' },
  POOL_FULL: { severity: 'warning', summary: 'a pool without a free address' },
  POOL_NEARLY_FULL: { severity: 'warning', summary: 'a pool of which nine of ten addresses are given' },
  SHARED_KEY_APART: { severity: 'warning', summary: 'Services with one sharing key and different addresses' },
  SHARED_UNANNOUNCED: { severity: 'warning', summary: 'a Service that may share, where advertisements select Services' },
  NOBODY_ANSWERS: { severity: 'warning', summary: 'a Service whose address no node may answer for' },
  LOCAL_ONE_NODE: { severity: 'warning', summary: 'a Local Service with endpoints on one node only' },
  CLASS_UNHANDLED: { severity: 'warning', summary: 'a load balancer class that is not served here' },
  ANNOTATION_MISTYPED: { severity: 'warning', summary: 'an annotation that is nearly one of MetalLB' },
  ANNOTATION_SHADOWED: { severity: 'warning', summary: 'an annotation in both spellings, with different values' },

  // What a Service asked for and cannot have.
  SERVICE_INVALID: { severity: 'error', summary: 'a Service whose request contradicts itself' },
  ADDRESS_OUTSIDE_POOLS: { severity: 'error', summary: 'the requested address is in no pool' },
  ADDRESS_IN_USE: { severity: 'error', summary: 'the requested address is held by another Service' },
  ADDRESS_NOT_IN_POOL: { severity: 'error', summary: 'the requested address is not in the requested pool' },
  ADDRESS_BUGGY: { severity: 'error', summary: 'the requested address ends in .0 or .255 and its pool avoids those' },
  REQUESTED_POOL_UNKNOWN: { severity: 'error', summary: 'the requested pool does not exist' },
  POOL_NOT_COMPATIBLE: { severity: 'error', summary: 'the pool is pinned to other namespaces or Services' },
  POOL_EXHAUSTED: { severity: 'error', summary: 'no pool has a free address for the Service' },

  // Questions about objects.
  ENDPOINTS_UNKNOWN: { severity: 'warning', summary: 'nobody told where the endpoints of a Local Service are' },
  NODE_UNKNOWN: { severity: 'error', summary: 'a node that is asked about does not exist' },

  // The lock file.
  LOCK_MALFORMED: { severity: 'error', summary: 'addresses.lock.yaml does not have the shape of a lock file' },
  LOCK_CONFLICT: { severity: 'error', summary: 'the lock file promises what cannot be given' },
  NOT_LOCKED: { severity: 'warning', summary: 'a Service without a lock, whose address a later change may renumber' },

  // The API server.
  KUBE_CONFIG_UNUSABLE: { severity: 'error', summary: 'no API server is named, or not so that it can be asked' },
  KUBE_API_UNAVAILABLE: { severity: 'error', summary: 'the API server cannot be asked, or refuses' },
  KUBE_FORBIDDEN: { severity: 'error', summary: 'a right that an agent needs and does not have' },
  KUBE_UNAUTHENTICATED: { severity: 'error', summary: 'the API server does not know who asks' },
  KUBE_KIND_MISSING: { severity: 'error', summary: 'a kind that the API server does not have' },
  KUBE_FEATURE_MISSING: { severity: 'warning', summary: 'something an older API server lacks, which is done without' },
  POOLS_MISSING: { severity: 'warning', summary: 'Services have addresses, and there is no pool yet' },
  SECOND_INSTALL: { severity: 'error', summary: 'a controller of this kind is installed in another namespace too' },
  SECOND_CONTROLLER: { severity: 'warning', summary: 'somebody else gives addresses to Services that a controller serves' },
  STATUS_CONTESTED: { severity: 'warning', summary: 'somebody else writes over what a controller writes' },
  KUBE_NAMESPACE_MISSING: { severity: 'error', summary: 'the namespace of the agents does not exist' },

  // The agent's surroundings.
  FLAG_IGNORED: { severity: 'warning', summary: 'flags and variables of MetalLB that mean nothing here' },
  INTERFACE_MISSING: { severity: 'error', summary: 'an interface that does not exist on this node' },
  INTERFACE_UNUSABLE: { severity: 'error', summary: 'an interface that is down or cannot do ARP' },
  INTERFACE_EXCLUDE_INVALID: { severity: 'error', summary: 'an exclusion of interfaces that is no regular expression' },
  INTERFACE_WATCH_FAILED: { severity: 'error', summary: 'the interfaces of this host cannot be listed or followed' },
  GROUP_JOIN_FAILED: { severity: 'error', summary: 'multicast groups that IPv6 needs cannot be joined' },
  CAPTURE_DENIED: { severity: 'error', summary: 'no permission for raw packets' },
  SPLIT_VIEW: { severity: 'warning', summary: 'two nodes take one address for theirs' },
  SPREAD_OFF: {
    severity: 'warning',
    summary: 'addresses are not spread over the nodes, because some member does not do so or has no Node',
  },
  MEMBERLIST_CONFIG_INVALID: { severity: 'error', summary: "MetalLB's file with constants of memberlist cannot be used" },
  GOSSIP_KEY_UNUSABLE: { severity: 'error', summary: 'the file with the secret of gossip cannot be used' },
  GOSSIP_KEY_MISMATCH: { severity: 'warning', summary: 'a host gossips with another key than this node, or without one' },
  GOSSIP_UNREADABLE: { severity: 'warning', summary: 'a host sends to the gossip port what cannot be read' },
  GOSSIP_INCOMPATIBLE: { severity: 'error', summary: 'a node speaks another version of gossip or heartbeats' },
  NODE_NAME_CLASH: { severity: 'error', summary: 'several nodes go by one name' },
  GOSSIP_BLOCKED: { severity: 'error', summary: 'a node is not heard, and answers on the wire' },
  CAPTURE_FAILED: { severity: 'error', summary: 'packets cannot be captured or sent' },
  CAPTURE_BUILD: { severity: 'error', summary: 'the capture module is missing or built so that it can abort the process' },
  STATUS_DIR_BUSY: { severity: 'error', summary: 'another agent uses this status folder' },
  STATUS_DIR_UNUSABLE: { severity: 'error', summary: 'the status folder cannot be written' },
  STATE_DIR_UNUSABLE: { severity: 'error', summary: 'the state folder does not exist or cannot be watched' },
  PEER_UNRESOLVED: { severity: 'error', summary: 'a --join host that has no address' },
  METRICS_CERT_UNUSABLE: { severity: 'error', summary: 'the certificate for metrics over HTTPS cannot be used' },
  PORT_IN_USE: { severity: 'error', summary: 'a port the agent needs is taken' },
  DELIVER_FAILED: { severity: 'error', summary: 'the addresses could not be put on lo' },
} as const;

export type IssueCode = keyof typeof CATALOGUE;
