/**
 * The ports that agents listen on and call. Metrics over HTTPS and health have those of MetalLB, metrics in clear those that it had before
 * it served them over HTTPS.
 */
export const METRICS_PORT = 7472;
export const HEALTH_PORT = 17472;
export const SECURE_METRICS_PORT = 9120;
export const GOSSIP_PORT = 7946;

/** Of API servers, as their Service has it and as they listen: a policy sees either. */
export const API_SERVER_PORTS: readonly number[] = [443, 6443];
