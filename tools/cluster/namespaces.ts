/**
 * The shell scripts that make a cluster's namespaces and take down its cgroups.
 *
 * Everything runs in a cgroup of its own in each hierarchy, which is the root of what it sees: what containerd makes lies below, and goes
 * with it. In version 2 processes and groups don't mix, so they are in a leaf.
 *
 * The machine's own mounts of cgroups go first: runc also finds those that others lie upon, and then could not `exec` into a container.
 */

/** `$0`: a folder for mounts; `$1`: the group; `$2`: the hierarchies of version 1, or nothing. */
const MOUNT_GROUPS = `
mkdir -p "$0"
for one in \${2:-unified}; do
  mkdir -p "$0/$one"
  if [ "$one" = unified ]; then mount -t cgroup2 none "$0/$one"; else mount -t cgroup -o "$one" none "$0/$one"; fi
done`;

/**
 * Then `$3` and on: the command. It is the second process of its namespaces; the first one reaps. This process, which all of it dies with,
 * goes on under the number that it writes beside `$0`: see state.ts.
 */
export const ENTER: string = `
read -r stat < /proc/$$/stat
stat=\${stat##*") "}
started() { shift 19; echo "$1"; }
echo "$$ $(started $stat)" > "\${0%/*}/holder"
${MOUNT_GROUPS}
for one in \${2:-unified}; do
  group="$0/$one/$1"
  mkdir "$group"
  case "$one" in *cpuset*) for file in cpuset.cpus cpuset.mems; do cat "$0/$one/$file" > "$group/$file"; done;; esac
  echo $$ > "$group/cgroup.procs"
done
exec unshare --cgroup --net --pid --mount --fork --kill-child --mount-proc sh -ec '
  umount "$0"/*
  while mountpoint -q /sys; do umount -l /sys; done
  mount -t sysfs sysfs /sys
  if [ -z "$2" ]; then
    mount -t cgroup2 none /sys/fs/cgroup
    mkdir /sys/fs/cgroup/init
    echo $$ > /sys/fs/cgroup/init/cgroup.procs
  else
    mount -t tmpfs tmpfs /sys/fs/cgroup
    for one in $2; do mkdir "/sys/fs/cgroup/$one"; mount -t cgroup -o "$one" none "/sys/fs/cgroup/$one"; done
  fi
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir /run/netns
  ip link set lo up
  echo 1 > /proc/sys/net/ipv4/ip_forward
  shift 2
  "$@" &
  wait $!
' "$0" "$@"`;

/** Fails while a process is left in one of them. */
export const REMOVE_GROUPS: string = `${MOUNT_GROUPS}
for one in \${2:-unified}; do
  group="$0/$one/$1"
  [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} +
done
umount "$0"/*`;
