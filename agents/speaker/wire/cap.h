/*
 * Included before cap's own source when it is built (tools/setup.mjs), for what the library does not offer:
 *
 * libpcap keeps 256 bytes of a frame instead of 64 KiB, all of which its ring holds for each frame, whatever its length. An agent takes
 * 7 MB less, and its ring holds more frames.
 *
 * The kernel does not hand us what this host sends itself. It would copy the head of each frame, only for the filter to refuse it.
 *
 * An open capture can be given another filter, which takes a millisecond or two and loses no frame.
 *
 * Memory that only the start needed can be given back: see pages.h.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <node.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "pages.h"

#define pcap_set_snaplen(handle, length) pcap_set_snaplen(handle, 256)

static int arpeggio_activate(pcap_t *handle) {
  int status = pcap_activate(handle);
#ifdef PACKET_IGNORE_OUTGOING
  /* Since Linux 4.20. Where it fails, the filter does the same. */
  int yes = 1;
  if (status >= 0) setsockopt(pcap_fileno(handle), SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
#endif
  return status;
}
#define pcap_activate arpeggio_activate

static int arpeggio_give(pcap_t *handle, const struct bpf_program *program) {
  /* The kernel's sock_fprog: linux/filter.h defines what libpcap's header does, too. */
  const struct {
    unsigned short length;
    const struct bpf_insn *instructions;
  } filter = {static_cast<unsigned short>(program->bf_len), program->bf_insns};
  return setsockopt(pcap_fileno(handle), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

/*
 * Gives the filter to the kernel, which puts it in the place of the former between two frames. libpcap would have all frames refused for a
 * moment, and would go on to filter what the ring held by the first filter that it was told of; so it is told of none.
 *
 * The kernel has no more room for filters than net.core.optmem_max, 20 KiB before Linux 6.8, and needs that of both at once. Where it
 * has not, the former makes way for one that lets all of ARP and Neighbor Discovery through, and that stays if there is no room even then:
 * what it lets through is decided by us.
 */
static int arpeggio_attach(pcap_t *handle, const struct bpf_program *program) {
  if (arpeggio_give(handle, program) == 0) return 0;
  struct bpf_program wide;
  const char *all = "(arp or (ip6[6] = 58 and (ip6[40] = 135 or ip6[40] = 136))) and not vlan";
  if (pcap_compile(handle, &wide, all, 1, PCAP_NETMASK_UNKNOWN) == -1) return -1;
  const int failed = arpeggio_give(handle, &wide);
  const int why = errno;
  pcap_freecode(&wide);
  if (failed != 0) snprintf(pcap_geterr(handle), PCAP_ERRBUF_SIZE, "the kernel takes no filter: %s", strerror(why));
  else arpeggio_give(handle, program);
  return failed;
}
#define pcap_setfilter arpeggio_attach

static void arpeggio_refuse(v8::Isolate *isolate, const char *why) {
  isolate->ThrowException(v8::Exception::Error(v8::String::NewFromUtf8(isolate, why).ToLocalChecked()));
}

/* Throws pcap's text; the former filter holds on then. */
static void arpeggio_filter(pcap_t *handle, const v8::FunctionCallbackInfo<v8::Value> &info) {
  v8::Isolate *isolate = info.GetIsolate();
  const v8::String::Utf8Value filter(isolate, info[1]);
  struct bpf_program program;
  if (*filter == nullptr) return arpeggio_refuse(isolate, "the filter is no text");
  if (handle == nullptr) return arpeggio_refuse(isolate, "it is closed");
  if (pcap_compile(handle, &program, *filter, 1, PCAP_NETMASK_UNKNOWN) == -1) return arpeggio_refuse(isolate, pcap_geterr(handle));
  if (arpeggio_attach(handle, &program) != 0) arpeggio_refuse(isolate, pcap_geterr(handle));
  pcap_freecode(&program);
}

/* The binding's own exports and ours. Its class is known where it registers itself. */
#undef NODE_MODULE
#define NODE_MODULE(name, init)                                                          \
  static void arpeggio_set_filter(const v8::FunctionCallbackInfo<v8::Value> &info) {     \
    Pcap *capture = Nan::ObjectWrap::Unwrap<Pcap>(info[0].As<v8::Object>());             \
    arpeggio_filter(capture->pcap_handle, info);                                         \
  }                                                                                      \
  static void arpeggio_init(v8::Local<v8::Object> exports) {                             \
    arpeggio_keep_thresholds();                                                          \
    init(exports);                                                                       \
    NODE_SET_METHOD(exports, "setFilter", arpeggio_set_filter);                          \
    NODE_SET_METHOD(exports, "releaseMemory", arpeggio_release_memory);                  \
    NODE_SET_METHOD(exports, "releaseFreed", arpeggio_release_freed);                    \
  }                                                                                      \
  NODE_MODULE_X(name, arpeggio_init, NULL, 0)

/* link.ts and tools/setup.mjs look for this text in the module: another build of it has not what this one has. */
__attribute__((used)) static const char arpeggio_build[] = "arpeggio's build of cap: 2";
