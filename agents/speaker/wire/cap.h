/*
 * Included before cap's own source when it is built (tools/setup.mjs), for what the library does not offer:
 *
 * libpcap keeps 256 bytes of a frame instead of 64 KiB, all of which its ring holds for each frame, whatever its length. An agent takes
 * 7 MB less, and its ring holds more frames.
 *
 * The kernel does not hand us what this host sends itself. It would copy the head of each frame, only for the filter to refuse it.
 *
 * Memory that only the start needed can be given back: see pages.h.
 */
#include <pcap/pcap.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include "pages.h"

/* link.ts looks for this text in the module; tools/setup.mjs for that of pages.h, too. */
__attribute__((used)) static const char arpeggio_build[] = "frames are cut at 256 bytes";

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
