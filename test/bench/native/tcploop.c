// What a client and its server say through an address while that moves, as one small program.
//
//   tcploop serve PORT              gives every connection back what it sends, each in a process of its own; prints "ready" once it listens
//   tcploop ask ADDRESS PORT        until SIGTERM: opens a connection, exchanges a few bytes through it, closes it; and exchanges as many
//                                   through one connection that it opened first. Then prints one JSON line
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// Between two connections, so that local ports are not used up.
#define NAP_NS 1000000
// Longer than the kernel waits before it sends a second SYN or repeats data: what comes then is late, not failed.
#define PATIENCE_S 5

static void die(const char *what) {
  fprintf(stderr, "tcploop: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int serve(int port) {
  signal(SIGCHLD, SIG_IGN);
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  if (fd < 0) die("socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 128)) die("listen");
  puts("ready");
  fflush(stdout);
  for (;;) {
    int client = accept(fd, NULL, NULL);
    if (client < 0) continue;
    if (fork() == 0) {
      char bytes[4096];
      for (ssize_t n; (n = read(client, bytes, sizeof bytes)) > 0;)
        if (write(client, bytes, (size_t)n) != n) break;
      _exit(0);
    }
    close(client);
  }
}

// A connection, or -1.
static int dial(const struct sockaddr_in *to) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  if (fd < 0) die("socket");
  struct timeval patience = {.tv_sec = PATIENCE_S};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(fd, (const struct sockaddr *)to, sizeof *to) == 0) return fd;
  close(fd);
  return -1;
}

static int exchange(int fd, uint64_t number) {
  uint64_t back = 0;
  return write(fd, &number, sizeof number) == sizeof number && recv(fd, &back, sizeof back, MSG_WAITALL) == sizeof back && back == number;
}

static int ask(const char *where, int port) {
  // Taken between two connections only: a call that has a timeout is never resumed after a signal, and would count as a failure.
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  sigprocmask(SIG_BLOCK, &end, NULL);
  signal(SIGPIPE, SIG_IGN);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  if (inet_pton(AF_INET, where, &to.sin_addr) != 1) return 2;
  uint64_t opened = 0, failed = 0, exchanged = 0, broken = 0;
  int lasting = dial(&to);
  if (lasting < 0) die("connect");
  puts("ready");
  fflush(stdout);
  do {
    int fd = dial(&to);
    if (fd >= 0 && exchange(fd, opened)) opened++;
    else failed++;
    if (fd >= 0) close(fd);
    if (!broken && exchange(lasting, exchanged)) exchanged++;
    else broken = 1;
  } while (sigtimedwait(&end, NULL, &(struct timespec){.tv_nsec = NAP_NS}) != SIGTERM);
  printf("{\"opened\":%llu,\"failed\":%llu,\"exchanged\":%llu,\"survived\":%s}\n", (unsigned long long)opened, (unsigned long long)failed,
         (unsigned long long)exchanged, broken ? "false" : "true");
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "serve")) return serve(atoi(argv[2]));
  if (argc == 4 && !strcmp(argv[1], "ask")) return ask(argv[2], atoi(argv[3]));
  fprintf(stderr, "usage: tcploop serve PORT | tcploop ask ADDRESS PORT\n");
  return 2;
}
