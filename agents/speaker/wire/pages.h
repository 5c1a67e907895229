/*
 * Takes out of this process what only its start needed: memory that was freed, and the pages of program files, which are two
 * thirds of what an agent has resident. Those stay in the system's page cache, which is free to use them otherwise, and come back
 * at a touch, each for a microsecond or so.
 *
 * MADV_DONTNEED loses what was written to a private mapping. So only mappings are taken that cannot be written and that hold
 * nothing of this process's own, neither in memory nor in swap: relocations are such, read-only by now but written at start.
 */
#include <malloc.h>
#include <node.h>
#include <stdio.h>
#include <sys/mman.h>

struct arpeggio_mapping {
  unsigned long from, to, inode;
  char access[5];
  unsigned long own_kb;
  /* smaps told of both kinds of own pages. */
  int told;
};

static bool arpeggio_release_mapping(const arpeggio_mapping &one) {
  const bool reads_only = one.access[0] == 'r' && one.access[1] == '-' && one.access[3] == 'p';
  if (!reads_only || one.inode == 0 || one.told != 2 || one.own_kb != 0) return false;
  return madvise(reinterpret_cast<void *>(one.from), one.to - one.from, MADV_DONTNEED) == 0;
}

/* How many mappings were released: 0 where the kernel does not tell what is in them. */
static int arpeggio_release_file_pages() {
  FILE *maps = fopen("/proc/self/smaps", "re");
  if (maps == nullptr) return 0;
  arpeggio_mapping one = {};
  int released = 0;
  char line[4608];
  while (fgets(line, sizeof line, maps) != nullptr) {
    arpeggio_mapping next = {};
    unsigned long kb;
    if (sscanf(line, "%lx-%lx %4s %*x %*x:%*x %lu", &next.from, &next.to, next.access, &next.inode) == 4) {
      released += arpeggio_release_mapping(one);
      one = next;
    } else if (sscanf(line, "Anonymous: %lu kB", &kb) == 1 || sscanf(line, "Swap: %lu kB", &kb) == 1) {
      one.own_kb += kb;
      one.told++;
    }
  }
  released += arpeggio_release_mapping(one);
  fclose(maps);
  return released;
}

static void arpeggio_release_freed(const v8::FunctionCallbackInfo<v8::Value> &) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

static void arpeggio_release_memory(const v8::FunctionCallbackInfo<v8::Value> &info) {
  arpeggio_release_freed(info);
  info.GetReturnValue().Set(arpeggio_release_file_pages());
}

/*
 * glibc raises both thresholds each time a large block is freed, to megabytes, and each thread's arena then keeps as much at its end
 * that nothing is in. Set once, they stay: these are the values it begins with.
 */
static void arpeggio_keep_thresholds() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  mallopt(M_TRIM_THRESHOLD, 128 * 1024);
#endif
}
