/**
 * What every process shows to Prometheus, by the names its client libraries gave: processor time, memory, open files, and the
 * heap of the thread that is asked.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Family } from './exposition.js';

export function processFamilies(): readonly Family[] {
  const { user, system } = process.cpuUsage();
  const { heapTotal, heapUsed, external } = process.memoryUsage();
  return [
    one('counter', 'process_cpu_user_seconds_total', 'Total user CPU time spent in seconds.', user / 1e6),
    one('counter', 'process_cpu_system_seconds_total', 'Total system CPU time spent in seconds.', system / 1e6),
    one('counter', 'process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', (user + system) / 1e6),
    one('gauge', 'process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', STARTED_S),
    ...memoryFamilies(),
    ...fileFamilies(),
    one('gauge', 'nodejs_heap_size_total_bytes', 'Process heap size from Node.js in bytes.', heapTotal),
    one('gauge', 'nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes.', heapUsed),
    one('gauge', 'nodejs_external_memory_bytes', 'Node.js external memory size in bytes.', external),
    VERSION,
  ];
}

const one = (type: Family['type'], name: string, help: string, value: number): Family => ({
  name,
  type,
  help,
  samples: [{ value }],
});

const STARTED_S = Math.round(Date.now() / 1000 - process.uptime());

const VERSION: Family = {
  name: 'nodejs_version_info',
  type: 'gauge',
  help: 'Node.js version info.',
  samples: [{ labels: { version: process.version }, value: 1 }],
};

function memoryFamilies(): readonly Family[] {
  const status = readOwn('status');
  const bytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return [
    one('gauge', 'process_resident_memory_bytes', 'Resident memory size in bytes.', bytes('VmRSS')),
    one('gauge', 'process_virtual_memory_bytes', 'Virtual memory size in bytes.', bytes('VmSize')),
  ];
}

function fileFamilies(): readonly Family[] {
  const limit = Number(/^Max open files\s+(\d+)/m.exec(readOwn('limits'))?.[1] ?? 0);
  return [
    one('gauge', 'process_open_fds', 'Number of open file descriptors.', readdirSync('/proc/self/fd').length),
    one('gauge', 'process_max_fds', 'Maximum number of open file descriptors.', limit),
  ];
}

const readOwn = (name: string): string => readFileSync(`/proc/self/${name}`, 'utf8');
