/**
 * The order of two versions of one object. They count up, in every API server that keeps its objects in etcd; Kubernetes promises
 * it since 1.35 (KEP-5504).
 */
export const isNewer = (a: string, b: string): boolean => a.length > b.length || (a.length === b.length && a > b);
