// An ARP load generator: asks who has an address, checks every byte of every answer, and prints one JSON line of rates,
// round-trip times and pauses. Each request in flight asks from a sender address of its own (the own address plus the slot
// number), so an answer names the request that it belongs to.
//
//   arpload --interface eth0 --own 10.9.0.1 --target 10.9.200.1[,IP…|-IP] --mac 02:00:00:00:00:02
//           (or --mac any: whoever answers, in every field with one and the same MAC)
//           [--inflight 256] [--seconds 1] [--unicast] [--rate N [--blind] [--first]]
//
// Closed loop: --inflight requests are always on their way, the next one leaves when an answer comes. It spins on its
// socket (one core, offered to others when nothing comes).
// Paced: with --rate so many requests a second leave whether or not answers come, of which the last --inflight are
// remembered. It sleeps in between where there is time to, and takes the kernel's own time stamps, so that being woken late
// shifts no figure.
// --first ends with the first answer; --blind neither hears nor counts answers.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 60, BATCH = 64, MAX_IN_FLIGHT = 65536, MAX_TARGETS = 65536, MAX_SAMPLES = 1 << 22 };
#define TIMEOUT_NS 200000000ull
// Empty looks at the socket before the processor is offered to others: who answers may be waiting for this very one.
#define PATIENCE 20
// Paced: shorter waits than this are spent spinning, and never more frames leave at once, however late it is.
#define NAP_NS 100000ull
#define BURST 64
// Pauses between answers that are shorter are the machine's own.
#define PAUSE_NS 5000000ull

struct slot {
  uint8_t frame[FRAME];
  uint64_t sent_ns; // 0 when free
};

static struct slot slots[MAX_IN_FLIGHT];
static uint32_t targets[MAX_TARGETS]; // network order
static size_t target_count, next_target;
static uint32_t *samples;
static size_t sample_count;
static uint64_t sent, refused, replies, lost, extra, foreign, bad, unpadded;
static uint64_t first_sent_ns, first_answer_ns, last_answer_ns, pauses_ns, longest_ns;
static uint8_t own_mac[6], target_mac[6];
static uint32_t own_ip; // host order
static int in_flight = 256;
static int paced, blind, any_mac;

static void die(const char *what) {
  fprintf(stderr, "arpload: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void usage(const char *what) {
  fprintf(stderr, "arpload: %s\n", what);
  exit(2);
}

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t); // the clock of the kernel's time stamps
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static uint32_t parse_ip(const char *text) {
  struct in_addr address;
  if (inet_pton(AF_INET, text, &address) != 1) usage("not an IPv4 address");
  return ntohl(address.s_addr);
}

static void parse_targets(char *text) {
  for (char *part = strtok(text, ","); part; part = strtok(NULL, ",")) {
    char *dash = strchr(part, '-');
    if (dash) *dash = 0;
    uint32_t first = parse_ip(part), last = dash ? parse_ip(dash + 1) : first;
    if (last < first) usage("a target range goes downwards");
    for (uint64_t ip = first; ip <= last; ip++) {
      if (target_count == MAX_TARGETS) usage("too many targets");
      targets[target_count++] = htonl((uint32_t)ip);
    }
  }
}

static void parse_mac(const char *text, uint8_t mac[6]) {
  if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]) != 6) usage("not a MAC");
}

static void prepare_slots(int unicast) {
  static const uint8_t head[10] = {8, 6, 0, 1, 8, 0, 6, 4, 0, 1};
  for (int i = 0; i < in_flight; i++) {
    uint8_t *f = slots[i].frame;
    if (unicast) memcpy(f, target_mac, 6);
    else memset(f, 0xff, 6);
    memcpy(f + 6, own_mac, 6);
    memcpy(f + 12, head, 10);
    memcpy(f + 22, own_mac, 6);
    uint32_t spa = htonl(own_ip + (uint32_t)i);
    memcpy(f + 28, &spa, 4);
  }
}

enum { WRONG = -1, FOREIGN = -2 };

// The slot an answer belongs to, WRONG when any field is, FOREIGN when somebody else on this interface asked.
static int check(const uint8_t *f, ssize_t length) {
  static const uint8_t head[10] = {8, 6, 0, 1, 8, 0, 6, 4, 0, 2};
  uint32_t tpa;
  const uint8_t *from = any_mac ? f + 6 : target_mac;
  if (length < 42 || memcmp(f, own_mac, 6) || memcmp(f + 6, from, 6) || memcmp(f + 12, head, 10)) return WRONG;
  memcpy(&tpa, f + 38, 4);
  uint32_t index = ntohl(tpa) - own_ip;
  if (index >= (uint32_t)in_flight) return FOREIGN;
  if (memcmp(f + 22, from, 6) || memcmp(f + 28, slots[index].frame + 38, 4) || memcmp(f + 32, own_mac, 6)) return WRONG;
  return (int)index;
}

static int open_socket(const char *interface) {
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
  if (fd < 0) die("socket");
  // Only ARP answers: op 2.
  struct sock_filter code[] = {
      {BPF_LD | BPF_H | BPF_ABS, 0, 0, 12}, {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, ETH_P_ARP},
      {BPF_LD | BPF_H | BPF_ABS, 0, 0, 20}, {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 2},
      {BPF_RET | BPF_K, 0, 0, 0xffff},      {BPF_RET | BPF_K, 0, 0, 0},
  };
  struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program)) die("filter");
  int size = 16 << 20, one = 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
  setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one);
  setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one);
  struct ifreq request = {0};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
  if (ioctl(fd, SIOCGIFHWADDR, &request)) die(interface);
  memcpy(own_mac, request.ifr_hwaddr.sa_data, 6);
  if (paced && setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one)) die("time stamps");
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = blind ? 0 : htons(ETH_P_ARP), .sll_ifindex = (int)if_nametoindex(interface)};
  if (bind(fd, (struct sockaddr *)&address, sizeof address)) die("bind");
  return fd;
}

// Paced, what the kernel refuses (no carrier, say) is given up; else it is tried until it leaves.
static void send_slots(int fd, const int *list, int count) {
  static struct mmsghdr messages[BATCH];
  static struct iovec parts[BATCH];
  for (int done = 0; done < count;) {
    int n = count - done < BATCH ? count - done : BATCH;
    uint64_t at = now_ns();
    for (int i = 0; i < n; i++) {
      struct slot *s = &slots[list[done + i]];
      memcpy(s->frame + 38, &targets[next_target], 4);
      if (++next_target == target_count) next_target = 0;
      s->sent_ns = at;
      parts[i] = (struct iovec){s->frame, FRAME};
      messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    int ok = sendmmsg(fd, messages, (unsigned)n, 0);
    if (ok < 0) {
      if (errno != EAGAIN && errno != ENOBUFS && errno != ENETDOWN && errno != EINTR) die("send");
      if (!paced) continue;
      slots[list[done++]].sent_ns = 0;
      refused++;
      continue;
    }
    if (ok && !first_sent_ns) first_sent_ns = at;
    sent += (uint64_t)ok;
    done += ok;
  }
}

static uint64_t stamp(struct msghdr *message) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
    struct timespec t;
    memcpy(&t, CMSG_DATA(c), sizeof t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
  }
  return now_ns();
}

static void note_pause(uint64_t at) {
  uint64_t since = last_answer_ns ? last_answer_ns : first_sent_ns, pause = since && at > since ? at - since : 0;
  if (pause > longest_ns) longest_ns = pause;
  if (pause > PAUSE_NS) pauses_ns += pause;
}

static void take(uint64_t at, int index) {
  if (sample_count < MAX_SAMPLES) samples[sample_count++] = (uint32_t)(at > slots[index].sent_ns ? at - slots[index].sent_ns : 0);
  slots[index].sent_ns = 0;
  replies++;
  if (!first_answer_ns) first_answer_ns = at;
  if (paced) note_pause(at);
  last_answer_ns = at;
}

// Gives the slots that were answered.
static int receive(int fd, int *freed) {
  static struct mmsghdr messages[BATCH];
  static struct iovec parts[BATCH];
  static uint8_t frames[BATCH][128], controls[BATCH][64];
  static int ready;
  for (int i = 0; i < BATCH && (paced || !ready); i++) {
    parts[i] = (struct iovec){frames[i], sizeof frames[i]};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    if (paced) messages[i].msg_hdr.msg_control = controls[i], messages[i].msg_hdr.msg_controllen = sizeof controls[i];
  }
  ready = 1;
  int n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL), count = 0;
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR || errno == ENETDOWN) return 0;
    die("receive");
  }
  uint64_t at = now_ns();
  for (int i = 0; i < n; i++) {
    // A broadcast is an announcement, not an answer to us.
    if (frames[i][0] & 1) continue;
    int index = check(frames[i], messages[i].msg_len);
    if (index < 0) {
      if (index == FOREIGN) foreign++;
      else bad++;
      continue;
    }
    if (messages[i].msg_len < FRAME) unpadded++;
    if (!slots[index].sent_ns) {
      extra++; // a second answer, or one that came when nobody waited any more
      continue;
    }
    take(paced ? stamp(&messages[i].msg_hdr) : at, index);
    freed[count++] = index;
  }
  return count;
}

static int expire(uint64_t at, int *freed) {
  int count = 0;
  for (int i = 0; i < in_flight; i++) {
    if (!slots[i].sent_ns || at - slots[i].sent_ns < TIMEOUT_NS) continue;
    slots[i].sent_ns = 0;
    lost++;
    freed[count++] = i;
  }
  return count;
}

static int by_value(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static double percentile_us(double fraction) {
  if (!sample_count) return 0;
  size_t index = (size_t)((double)sample_count * fraction);
  return samples[index < sample_count ? index : sample_count - 1] / 1000.0;
}

static void run_closed(int fd, uint64_t end) {
  static int freed[MAX_IN_FLIGHT];
  int idle = 0;
  uint64_t last_expiry = now_ns(), at;
  for (int i = 0; i < in_flight; i++) freed[i] = i;
  send_slots(fd, freed, in_flight);
  while ((at = now_ns()) < end) {
    int count = receive(fd, freed);
    idle = count ? 0 : idle + 1;
    if (idle > PATIENCE) sched_yield();
    if (!count && at - last_expiry > TIMEOUT_NS / 10) {
      count = expire(at, freed);
      last_expiry = at;
    }
    if (count) send_slots(fd, freed, count);
  }
}

static void sleep_until(uint64_t at) {
  struct timespec t = {.tv_sec = (time_t)(at / 1000000000ull), .tv_nsec = (long)(at % 1000000000ull)};
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL);
}

// What could not be sent in time, because this process was not running, is left out instead of being sent all at once.
static void run_paced(int fd, uint64_t start, uint64_t end, double rate, int first) {
  static int list[BATCH];
  uint64_t asked = 0, at;
  int next = 0;
  prctl(PR_SET_TIMERSLACK, 1);
  while ((at = now_ns()) < end && !(first && replies)) {
    while (!blind && receive(fd, list) > 0) {
    }
    uint64_t due = (uint64_t)((double)(at - start) * rate / 1e9) + 1;
    if (due > asked + BURST) asked = due - BURST;
    int count = 0;
    for (; asked < due; asked++) {
      if (slots[next].sent_ns && !blind) lost++;
      list[count++] = next;
      if (++next == in_flight) next = 0;
    }
    send_slots(fd, list, count);
    uint64_t then = start + (uint64_t)((double)asked * 1e9 / rate);
    if (then > at + NAP_NS) sleep_until(then);
    else sched_yield();
  }
  if (first || blind) return;
  sleep_until(now_ns() + TIMEOUT_NS);
  while (receive(fd, list) > 0) {
  }
  for (int i = 0; i < in_flight; i++) lost += slots[i].sent_ns != 0;
  note_pause(end);
}

static void print(double took) {
  qsort(samples, sample_count, sizeof *samples, by_value);
  printf("{\"sent\":%llu,\"refused\":%llu,\"replies\":%llu,\"lost\":%llu,\"extra\":%llu,\"foreign\":%llu,\"bad\":%llu,\"unpadded\":%llu,", (unsigned long long)sent,
         (unsigned long long)refused, (unsigned long long)replies, (unsigned long long)lost, (unsigned long long)extra,
         (unsigned long long)foreign, (unsigned long long)bad, (unsigned long long)unpadded);
  printf("\"sentPerS\":%.0f,\"ratePerS\":%.0f,\"p50us\":%.2f,\"p99us\":%.2f,\"maxUs\":%.2f,", (double)sent / took, (double)replies / took,
         percentile_us(0.5), percentile_us(0.99), percentile_us(1));
  printf("\"pausesMs\":%.3f,\"longestPauseMs\":%.3f,\"firstSentAtMs\":%.3f,\"firstAnswerAtMs\":%.3f}\n", (double)pauses_ns / 1e6,
         (double)longest_ns / 1e6, (double)first_sent_ns / 1e6, (double)first_answer_ns / 1e6);
}

int main(int argc, char **argv) {
  static const struct option options[] = {{"interface", 1, 0, 'i'}, {"own", 1, 0, 'o'},     {"target", 1, 0, 't'}, {"mac", 1, 0, 'm'},   {"inflight", 1, 0, 'n'},
                                          {"seconds", 1, 0, 's'},   {"unicast", 0, 0, 'u'}, {"rate", 1, 0, 'r'},   {"blind", 0, 0, 'b'}, {"first", 0, 0, 'f'},
                                          {0, 0, 0, 0}};
  const char *interface = NULL;
  double seconds = 1, rate = 0;
  int unicast = 0, first = 0, have_mac = 0;
  for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (c == 'i') interface = optarg;
    else if (c == 'o') own_ip = parse_ip(optarg);
    else if (c == 't') parse_targets(optarg);
    else if (c == 'm') {
      any_mac = !strcmp(optarg, "any");
      if (!any_mac) parse_mac(optarg, target_mac);
      have_mac = 1;
    }
    else if (c == 'n') in_flight = atoi(optarg);
    else if (c == 's') seconds = atof(optarg);
    else if (c == 'u') unicast = 1;
    else if (c == 'r') rate = atof(optarg), paced = 1;
    else if (c == 'b') blind = 1;
    else if (c == 'f') first = 1;
    else usage("unknown option");
  }
  if (!interface || !own_ip || !target_count || !have_mac) usage("--interface, --own, --target and --mac are needed");
  if (in_flight < 1 || in_flight > MAX_IN_FLIGHT) usage("--inflight is 1 to 65536");
  if (paced && rate <= 0) usage("--rate is more than 0");
  if (any_mac && unicast) usage("--unicast needs a MAC");
  if ((blind || first) && !paced) usage("--blind and --first need --rate");
  samples = malloc(MAX_SAMPLES * sizeof *samples);
  if (!samples) die("memory");
  memset(samples, 0, MAX_SAMPLES * sizeof *samples); // page faults now, not while measuring
  int fd = open_socket(interface);
  prepare_slots(unicast);

  uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9);
  if (paced) run_paced(fd, start, end, rate, first);
  else run_closed(fd, end);
  uint64_t stop = now_ns();
  print((double)((paced && stop > end ? end : stop) - start) / 1e9);
  return 0;
}
