// Sends one frame, given in hex on the command line or read from stdin ("-"), as it is: malformed, truncated and oversized
// ones too. A frame shorter than an Ethernet header is one the kernel refuses; exit code 1 says so.
//
//   inject eth0 HEX|- [COUNT [MICROSECONDS_BETWEEN]]
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what) {
  fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int nibble(int c) {
  if (!isxdigit(c)) {
    fprintf(stderr, "inject: not hex\n");
    exit(2);
  }
  return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

int main(int argc, char **argv) {
  static uint8_t frame[65536];
  static char text[2 * sizeof frame + 2];
  if (argc < 3 || argc > 5) {
    fprintf(stderr, "usage: inject INTERFACE HEX|- [COUNT [MICROSECONDS_BETWEEN]]\n");
    return 2;
  }
  const char *hex = argv[2];
  if (!strcmp(hex, "-")) hex = fgets(text, sizeof text, stdin) ? text : "";
  size_t length = 0;
  for (; hex[0] && hex[0] != '\n' && length < sizeof frame; hex += 2) {
    int high = nibble(hex[0]);
    frame[length++] = (uint8_t)(high << 4 | nibble(hex[1]));
  }
  long count = argc > 3 ? atol(argv[3]) : 1, pause_us = argc > 4 ? atol(argv[4]) : 0;

  int fd = socket(AF_PACKET, SOCK_RAW, 0);
  if (fd < 0) die("socket");
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(argv[1])};
  if (!address.sll_ifindex) die(argv[1]);
  for (long i = 0; i < count; i++) {
    if (sendto(fd, frame, length, 0, (struct sockaddr *)&address, sizeof address) < 0) {
      if (errno == ENOBUFS || errno == EINTR) {
        i--;
        continue;
      }
      die("send");
    }
    if (pause_us) usleep((useconds_t)pause_us);
  }
  return 0;
}
