// A tape recorder for what an agent sends by its own clock: gratuitous ARP frames, and heartbeats to a UDP port. It keeps
// what arrives on an interface in memory, stamped by the kernel, and prints it on SIGTERM, one line each: nanoseconds since
// 1970, `request`, `reply` or `beat`, and the address that is announced (of a beat, its sender). The first line, `ready`,
// says that from now on nothing is missed. A filter keeps every other frame away, so a flood of them costs it nothing.
//
//   tape eth0 PORT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_RECORDS = 1 << 20 };

struct record {
  uint64_t at_ns;
  const char *kind;
  uint8_t address[4];
};

static struct record records[MAX_RECORDS];
static volatile sig_atomic_t stopped;

static void die(const char *what) {
  fprintf(stderr, "tape: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void stop(int signal) {
  (void)signal;
  stopped = 1;
}

static void keep_only(int fd, uint16_t port) {
  struct sock_filter code[] = {
      {BPF_LD | BPF_H | BPF_ABS, 0, 0, 12},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 4, ETH_P_ARP},
      // Sender and target address are the same.
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, 28},
      {BPF_MISC | BPF_TAX, 0, 0, 0},
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, 38},
      {BPF_JMP | BPF_JEQ | BPF_X, 6, 7, 0},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 6, ETH_P_IP},
      {BPF_LD | BPF_B | BPF_ABS, 0, 0, 23},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 4, IPPROTO_UDP},
      {BPF_LDX | BPF_B | BPF_MSH, 0, 0, 14},
      {BPF_LD | BPF_H | BPF_IND, 0, 0, 16},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, port},
      {BPF_RET | BPF_K, 0, 0, 0xffff},
      {BPF_RET | BPF_K, 0, 0, 0},
  };
  struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program)) die("filter");
}

static uint64_t stamp(struct msghdr *message) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
    struct timespec t;
    memcpy(&t, CMSG_DATA(c), sizeof t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
  }
  return 0;
}

static int record(int fd, struct record *to) {
  uint8_t f[256], control[256];
  struct iovec part = {f, sizeof f};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t length = recvmsg(fd, &message, 0);
  if (length < 0 && errno != EINTR && errno != EAGAIN && errno != ENETDOWN) die("receive");
  if (length < 42) return 0;
  int is_arp = f[12] == 8 && f[13] == 6;
  to->at_ns = stamp(&message);
  to->kind = !is_arp ? "beat" : f[21] == 1 ? "request" : "reply";
  memcpy(to->address, f + (is_arp ? 28 : 26), 4);
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: tape INTERFACE PORT\n");
    return 2;
  }
  // Without SA_RESTART, so that the signal ends the wait for a frame.
  struct sigaction action = {.sa_handler = stop};
  sigaction(SIGTERM, &action, NULL);
  int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1, size = 64 << 20;
  if (fd < 0) die("socket");
  keep_only(fd, (uint16_t)atoi(argv[2]));
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one);
  if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one)) die("time stamps");
  struct timeval look = {.tv_usec = 100000}; // a signal may come just before the wait
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof look);
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(argv[1])};
  if (!address.sll_ifindex || bind(fd, (struct sockaddr *)&address, sizeof address)) die(argv[1]);
  puts("ready");
  fflush(stdout);

  size_t count = 0;
  while (!stopped && count < MAX_RECORDS) count += (size_t)record(fd, &records[count]);
  struct tpacket_stats statistics = {0};
  socklen_t length = sizeof statistics;
  getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &length);
  if (statistics.tp_drops || count == MAX_RECORDS) {
    fprintf(stderr, "tape: frames were missed\n");
    return 1;
  }
  for (size_t i = 0; i < count; i++) {
    const uint8_t *a = records[i].address;
    printf("%llu %s %u.%u.%u.%u\n", (unsigned long long)records[i].at_ns, records[i].kind, a[0], a[1], a[2], a[3]);
  }
  return 0;
}
