// The smallest HTTP server a lab needs: answers every request on every address (IPv4 and IPv6) with 200 and one fixed text.
// Prints "ready" once it listens.
//
//   httpd PORT TEXT
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static void die(const char *what) {
  fprintf(stderr, "httpd: %s: %s\n", what, strerror(errno));
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: httpd PORT TEXT\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  int fd = socket(AF_INET6, SOCK_STREAM, 0), one = 1, zero = 0;
  if (fd < 0) die("socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)atoi(argv[1]))};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 128)) die("listen");
  char answer[4096];
  int length = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", strlen(argv[2]), argv[2]);
  if (length < 0 || length >= (int)sizeof answer) return 2;
  puts("ready");
  fflush(stdout);
  for (;;) {
    int client = accept(fd, NULL, NULL);
    if (client < 0) continue;
    // A client that says nothing must not hold up the others for long.
    struct timeval limit = {.tv_sec = 1};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char request[4096];
    if (read(client, request, sizeof request) > 0 && write(client, answer, (size_t)length) == length) {
      shutdown(client, SHUT_WR);
      while (read(client, request, sizeof request) > 0) {
      }
    }
    close(client);
  }
}
