/* ---- What the processes of a script share: one area below everything that scripts map. ---- */

#ifndef KIT_TEXT
#define KIT_TEXT 0x200000ul
#endif
#define KIT_AT 0x300000ul
#define KIT_BYTES 0xf0000ul
/* The last page of the program: what the heap begins behind. */
#define KIT_PAGE 0x400000ul
#define PROCESSES 8
#define STACK 0x4000ul
#define AREAS 400
#define LOOKS 4
#define TAP_FD 250
#define NAMES 96
#define PLACES 512

struct area {
	u64 start, end, offset;
	char perms[8];
	char name[56];
};
struct areas { u32 count, overflow; struct area a[AREAS]; };

/* What a statement yielded. */
enum kind { NOTHING, VALUE, BYTES, SIGNALLED };
struct found {
	enum kind kind;
	u64 value;
	/* How often it was repeated before an error or a signal. */
	u64 count;
	int counted;
	u32 signo, code;
	u64 addr;
};

struct process {
	i64 pid;
	/* Of SIGBUS and SIGSEGV: the calls that answer it. */
	void (*handler[2])(void);
};

/* A field of /proc/PID/status where the program itself has its share. */
struct field { const char *name; i64 value; };

struct world {
	volatile u32 turn, ready;
	i64 leaving;
	u32 points, failed, bailed, from;
	u64 names[NAMES];
	/* Where the kernel put what nobody gave a place. */
	u64 placed[PLACES];
	int line;
	const char *text;
	struct process process[PROCESSES];
	u32 processes;
	u64 si_addr, si_code;
	int masked, handled, accessing;
	void *jump[5];
	struct found found;
	u64 minflt, majflt, minflt_before, majflt_before;
	u64 note[32];
	/* How much higher than in the script addresses are that the kernel chose. */
	i64 shift;
	/* Where an area begins that fills the place above, so that nothing need be shifted; 0 for none. */
	u64 filler;
	i64 extra_areas;
	i64 extra[16];
	struct { u64 start, end; } own[8];
	u32 owned;
	/* In the page of the stack that is there from the start. */
	volatile char *top;
	u32 smaps_count;
	struct { char name[24]; u64 value; } smaps[40];
	char flags[160];
	char folder[64], shm[64];
	struct areas before[LOOKS], now;
	char out[4096];
	u32 outlen;
	char path[512];
	char line_buffer[512];
	char text_buffer[8192];
	u64 words[1024];
	u8 bytes[32768];
	u8 scratch[65536] __attribute__((aligned(4096)));
	u8 stacks[PROCESSES][STACK] __attribute__((aligned(4096)));
};
_Static_assert(sizeof(struct world) <= KIT_BYTES, "the shared area is too small");

#define W ((struct world *)KIT_AT)

/* A page with contents of its own from the file, so that the heap never joins it. */
static volatile char kit_page[PAGE] __attribute__((section(".data"), aligned(4096), used)) = { 1 };

/* Which process of the script this is: each has a stack of its own in the shared area, so that none is copied. */
static u32 kit_me(void)
{
	return (u32)(((u64)__builtin_frame_address(0) - (u64)W->stacks) / STACK);
}

/* An address of the script that the kernel chose, as it is here. */
static inline u64 S(u64 address)
{
	return address + (u64)W->shift;
}

/* ---- What is printed. ---- */

static void put(const char *text)
{
	while (*text && W->outlen < sizeof W->out - 1) W->out[W->outlen++] = *text++;
}
static void put_hex(u64 n)
{
	char t[20];
	u32 at = sizeof t;
	t[--at] = 0;
	do t[--at] = "0123456789abcdef"[n & 15]; while (n >>= 4);
	put(t + at);
}
static void put_number(u64 n)
{
	char t[24];
	u32 at = sizeof t;
	t[--at] = 0;
	do t[--at] = (char)('0' + n % 10); while (n /= 10);
	put(t + at);
}
static void put_signed(i64 n)
{
	if (n < 0) put("-");
	put_number(n < 0 ? -(u64)n : (u64)n);
}
static void put_value(u64 n)
{
	if (n < 65536) put_number(n);
	else { put("0x"); put_hex(n); }
}
static void put_flush(void)
{
	for (u32 at = 0; at < W->outlen;) {
		i64 n = raw(__NR_write, TAP_FD, W->out + at, W->outlen - at);
		if (n <= 0) break;
		at += (u32)n;
	}
	W->outlen = 0;
}
/* Begins a line of the report; what differs follows. */
static void point(int ok, const char *field)
{
	W->points++;
	if (!ok) W->failed++;
	put(ok ? "ok " : "not ok ");
	put_number(W->points);
	put(" - line ");
	put_number((u64)W->line);
	put(" ");
	put(field);
	put(": ");
	put(W->text);
	put("\n");
}
static void fatal(const char *why)
{
	W->failed++;
	put("Bail out! line ");
	put_number((u64)W->line);
	put(": ");
	put(why);
	put("\n");
	put_flush();
	W->bailed = 1;
	raw(__NR_exit_group, 2);
	for (;;) ;
}
