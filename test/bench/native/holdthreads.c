// Holds single threads of a process, as SIGSTOP, which stops all of them, cannot: by ptrace, as a debugger does.
//
//   holdthreads MILLISECONDS THREAD…   prints "held" once all of them stand still, and lets go of them after that time or when it ends
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

static void die(const char *what) {
  fprintf(stderr, "holdthreads: %s: %s\n", what, strerror(errno));
  exit(1);
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: holdthreads MILLISECONDS THREAD…\n");
    return 2;
  }
  for (int i = 2; i < argc; i++) {
    int thread = atoi(argv[i]);
    if (ptrace(PTRACE_SEIZE, thread, 0, 0) || ptrace(PTRACE_INTERRUPT, thread, 0, 0)) die(argv[i]);
    if (waitpid(thread, NULL, __WALL) < 0) die(argv[i]);
  }
  puts("held");
  fflush(stdout);
  long ms = atol(argv[1]);
  nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
  return 0;
}
