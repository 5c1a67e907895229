// An ARP sniffer: one JSON line per ARP frame on an interface, sent or received, with the kernel's own time stamp. The
// first line, {"ready":true}, says that from now on nothing is missed.
//
//   arpwatch eth0
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static void die(const char *what) {
  fprintf(stderr, "arpwatch: %s: %s\n", what, strerror(errno));
  exit(1);
}

static const char *mac(const uint8_t *m, char *out) {
  sprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
  return out;
}

static const char *ip(const uint8_t *a, char *out) {
  sprintf(out, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
  return out;
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

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: arpwatch INTERFACE\n");
    return 2;
  }
  int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1, size = 4 << 20;
  if (fd < 0) die("socket");
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one)) die("time stamps");
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(argv[1])};
  if (!address.sll_ifindex) die(argv[1]);
  if (bind(fd, (struct sockaddr *)&address, sizeof address)) die("bind");
  // A socket that is bound to an interface gets ENETDOWN once when it goes down, and goes on when it is up again.
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("{\"ready\":true}");
  for (;;) {
    uint8_t f[2048], control[256];
    struct iovec part = {f, sizeof f};
    struct sockaddr_ll from;
    struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(fd, &message, 0);
    if (length < 0) {
      if (errno == EINTR || errno == ENETDOWN) continue;
      die("receive");
    }
    if (length < 42 || f[12] != 8 || f[13] != 6) continue;
    char src[18], dst[18], sha[18], tha[18], spa[16], tpa[16];
    printf("{\"t\":\"%llu\",\"op\":%d,\"out\":%s,\"src\":\"%s\",\"dst\":\"%s\",\"sha\":\"%s\",\"spa\":\"%s\",\"tha\":\"%s\",\"tpa\":\"%s\",\"len\":%zd}\n",
           (unsigned long long)stamp(&message), f[20] << 8 | f[21], from.sll_pkttype == PACKET_OUTGOING ? "true" : "false", mac(f + 6, src), mac(f, dst),
           mac(f + 22, sha), ip(f + 28, spa), mac(f + 32, tha), ip(f + 38, tpa), length);
  }
}
