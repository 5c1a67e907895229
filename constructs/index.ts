/**
 * The package as its users import it.
 */

export type { LabelSelector } from '../src/api/labelselector.js';
export type { Family } from '../src/net/address.js';
export { AdmissionPolicy, type AdmissionPolicyProps } from './admissionpolicy.js';
export { AgentNamespace } from './agentnamespace.js';
export { Agents, type AgentsProps, type ControllerProps, type Resources, type SpeakerProps, type Toleration } from './agents.js';
export { Crds } from './crds.js';
export { Install, type InstallProps, type OwnAgents, type StockAgents } from './install.js';
export { IPAddressPool, type IPAddressPoolProps, type ReserveOptions, type ServiceAllocation } from './ipaddresspool.js';
export { L2Advertisement, type L2AdvertisementProps, type PreferredNodeSelector } from './l2advertisement.js';
export type { NamedServicePort, ServicePort } from './loadbalancerservice.js';
export { LoadBalancerService, type LoadBalancerServiceProps } from './loadbalancerservice.js';
export type { ResourceProps } from './manifest.js';
export { Monitoring, type MonitoringProps } from './monitoring.js';
export { Rbac, type RbacProps } from './rbac.js';
export type { AddressRequest } from './request.js';
export { RequestAddress } from './requestaddress.js';
export type { Reservation } from './reservation.js';
export { Subnet, type SubnetProps } from './subnet.js';
