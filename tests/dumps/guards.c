// Memory with a guard page in front of every piece: guards COUNT [region]. Prints its own smaps.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
int main(int argc, char **argv) {
  long n = atol(argv[1]); int region = argc > 2 && !strcmp(argv[2], "region");
  char *at = mmap(NULL, n * 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (long i = 0; i < n; i++) {
    if (region) { if (madvise(at + i * 8192, 4096, 102)) perror("madvise"); }
    else mprotect(at + i * 8192, 4096, PROT_NONE);
    at[i * 8192 + 4096] = 1;
  }
  FILE *f = fopen(argc > 3 ? argv[3] : "/proc/self/maps", "r"); char line[512];
  while (fgets(line, sizeof line, f)) fputs(line, stdout);
}
