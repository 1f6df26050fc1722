// Neighbours of every sort; prints smaps.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#define P 4096
#define RW (PROT_READ|PROT_WRITE)
static char *base;
static char *at(int page){return base+page*P;}
static char *anon(int page,int pages,int prot,int more){return mmap(at(page),pages*P,prot,MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|more,-1,0);}
int main(int argc,char**argv){
  base=(char*)0x100000000;
  // 0: flags: NORESERVE beside plain
  anon(0,2,RW,0); anon(2,2,RW,MAP_NORESERVE);
  // 10: NOHUGEPAGE, DONTFORK
  anon(10,6,RW,0); madvise(at(12),2*P,MADV_NOHUGEPAGE); madvise(at(14),2*P,MADV_DONTFORK);
  // 20: hidden: written and moved beside each other
  anon(20,2,RW,0); at(20)[0]=1; anon(100,2,RW,0); at(100)[0]=1; mremap(at(100),2*P,2*P,MREMAP_MAYMOVE|MREMAP_FIXED,at(22));
  // 30: alike holes
  anon(30,6,RW,0); munmap(at(32),2*P);
  // 40: file: opened twice; offsets; shared
  int fd=open("/usr/bin/env",O_RDONLY), fd2=open("/usr/bin/env",O_RDONLY);
  mmap(at(40),P,PROT_READ,MAP_PRIVATE|MAP_FIXED,fd,0); mmap(at(41),P,PROT_READ,MAP_PRIVATE|MAP_FIXED,fd2,P);
  mmap(at(42),P,PROT_READ,MAP_PRIVATE|MAP_FIXED,fd,5*P); mmap(at(43),P,PROT_READ,MAP_SHARED|MAP_FIXED,fd,6*P);
  anon(44,1,PROT_READ,0);
  // 50: shared anonymous, SysV
  mmap(at(50),2*P,RW,MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED,-1,0); mmap(at(52),2*P,RW,MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED,-1,0);
  int id=shmget(IPC_PRIVATE,2*P,0600); shmat(id,at(54),0); shmat(id,at(56),0); shmctl(id,IPC_RMID,0);
  // 60: accounted once
  anon(60,4,RW,0); at(60)[0]=1; mprotect(at(60),2*P,PROT_READ); anon(62,2,PROT_READ,0);
  // 70: locked, wipe, dump, random, memfd
  anon(70,10,RW,0); mlock(at(70),P); madvise(at(72),P,MADV_WIPEONFORK); madvise(at(74),P,MADV_DONTDUMP); madvise(at(76),P,MADV_RANDOM); madvise(at(78),P,MADV_MERGEABLE);
  int m=memfd_create("two words",0); ftruncate(m,4*P); mmap(at(80),2*P,RW,MAP_SHARED|MAP_FIXED,m,0); mmap(at(82),2*P,RW,MAP_SHARED|MAP_FIXED,m,2*P);
  mmap(at(84),2*P,RW,MAP_PRIVATE|MAP_FIXED,m,2*P);
  // 90: two written at different times, then mprotect makes them alike
  anon(90,2,RW,0); anon(92,2,PROT_NONE,0); at(90)[0]=1; anon(92,2,RW,0);
  FILE*f=fopen(argc>1?argv[1]:"/proc/self/smaps","r"); char line[512]; while(fgets(line,sizeof line,f)) fputs(line,stdout);
}
