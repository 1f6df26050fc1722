/* ---- What statements do. ---- */

struct usage { i64 times[4], rss[4], minflt, majflt, rest[8]; };

static void count_faults(u64 *minor, u64 *major)
{
	struct usage u;
	raw(__NR_getrusage, 0, &u);
	*minor = (u64)u.minflt;
	*major = (u64)u.majflt;
}
static void counted_from(void)
{
	memset(&W->found, 0, sizeof W->found);
	W->handled = 0;
	count_faults(&W->minflt_before, &W->majflt_before);
}
static void counted_to(void)
{
	count_faults(&W->minflt, &W->majflt);
	W->minflt -= W->minflt_before;
	W->majflt -= W->majflt_before;
}

/* The number that a process of the script has there, and back. */
static i64 pid_there(i64 pid)
{
	for (u32 i = 0; i < W->processes; i++) if (W->process[i].pid == pid) return i + 1;
	return pid;
}
static u64 pid_here(u64 number)
{
	if ((i64)number <= 0) return number;
	return number <= W->processes ? (u64)W->process[number - 1].pid : 0x7ffffffful;
}

static void value_is(i64 value)
{
	W->found.kind = VALUE;
	W->found.value = (u64)value;
}

/* A system call of the script. */
#define call(nr, ...) CALL_(nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_(nr, a, b, c, d, e, f, ...) do_call(nr, (u64)(a), (u64)(b), (u64)(c), (u64)(d), (u64)(e), (u64)(f))
static void do_call(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	u64 x[6] = { a, b, c, d, e, f };
	counted_from();
	i64 result = named_call(nr, x);
	counted_to();
	value_is(result);
}
/* One that answers with a process's number. */
static void translate_result(void)
{
	if ((i64)W->found.value > 0) W->found.value = (u64)pid_there((i64)W->found.value);
}
/* The call again and again, its first argument moved each time. */
static void repeat(u64 count, u64 stride, u64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	u64 x[6] = { a, b, c, d, e, f }, i;
	i64 result = 0;
	counted_from();
	for (i = 0; i < count; i++, x[0] += stride) {
		result = named_call(nr, x);
		if (result < 0 && result >= -4095) break;
		result = 0;
	}
	counted_to();
	W->found.kind = VALUE;
	W->found.count = i;
	W->found.counted = result < 0;
	W->found.value = result < 0 ? (u64)result : count;
}

static i64 extra_of(const char *name);
/* A limit that counts the program's own share, too. */
static u64 limit_here(const char *field, u64 limit)
{
	return limit > 1ul << 62 ? limit : limit + ((u64)extra_of(field) << 10);
}
/* Pages on their way between the kernel's lists are held there, and who pins one would copy it: they are sent on. */
static void drain(void)
{
	raw(__NR_mlock, W->scratch, PAGE);
	raw(__NR_munlock, W->scratch, PAGE);
}

/* ---- Accesses, and the signals in which they end. ---- */

struct info { int signo, error, code, pad; u64 addr; u64 rest[13]; };
#if defined(__x86_64__)
struct context { u64 flags, link, stack[3]; u64 r[23]; };
#define CONTEXT_IP 16
#define CONTEXT_ERROR 19
#define ACTION_RETURNS 0x04000000ul
#endif
struct action { void (*handler)(int, struct info *, void *); u64 flags;
#if defined(__x86_64__)
	void (*restorer)(void);
#endif
	u64 mask;
};
#define SIGINFO 4ul
#define NODEFER 0x40000000ul

static void on_signal(int signo, struct info *info, void *context)
{
	struct process *me = &W->process[kit_me()];
	void (*handler)(void) = me->handler[signo == 11];
	if (!W->accessing) {
		put("# signal ");
		put_number((u64)signo);
		put(" at 0x");
		put_hex(info->addr);
		put(" outside of any access\n");
		fatal("a signal nobody expected");
	}
	if (handler && !W->masked) {
		/* What faults inside a handler cannot be handled, and ends the access. */
		if (++W->handled > 64) fatal("a handler was called again and again, and the access still faults");
		W->si_addr = info->addr;
		W->si_code = (u64)(i64)info->code;
		W->masked = 1;
		handler();
		W->masked = 0;
		return;
	}
	W->found.signo = (u32)signo;
	W->found.code = (u32)info->code;
	W->found.addr = info->addr;
#if defined(__x86_64__)
	if (W->accessing == 2) {
		/* A fetch: bit 4 of the error code. Whatever the instruction did is not asked. */
		u64 *r = ((struct context *)context)->r;
		int failed = (signo == 11 || signo == 7) && r[CONTEXT_IP] == info->addr && (r[CONTEXT_ERROR] & 16 || info->code == 128 || signo == 7);
		if (signo == 5 && r[CONTEXT_IP] == W->found.count) { W->found.count = ~0ul; return; }
		if (!failed) W->found.signo = 0;
	}
#else
	(void)context;
#endif
	__builtin_longjmp(W->jump, 1);
}
static void set_handlers(void)
{
	struct action a = { on_signal, SIGINFO | NODEFER,
#if defined(__x86_64__)
		kit_return,
#endif
		0 };
#if defined(__x86_64__)
	a.flags |= ACTION_RETURNS;
#endif
	for (int signo = 1; signo < 16; signo++)
		if (signo == 11 || signo == 7 || signo == 5 || signo == 4 || signo == 8) raw(__NR_rt_sigaction, signo, &a, 0, 8);
	/* A file that may not grow: the call's error is looked at. */
	struct action ignore = { (void (*)(int, struct info *, void *))1, 0,
#if defined(__x86_64__)
		0,
#endif
		0 };
	raw(__NR_rt_sigaction, 25, &ignore, 0, 8);
}

/* Whether the access ended in a signal. */
static __attribute__((noinline)) int attempt(void (*access)(u64, u64), u64 at, u64 with, int how)
{
	if (__builtin_setjmp(W->jump)) {
		W->accessing = 0;
		return 1;
	}
	W->accessing = how;
	access(at, with);
	W->accessing = 0;
	return 0;
}
static __attribute__((noinline)) void read_byte(u64 at, u64 index)
{
	u8 byte = *(volatile u8 *)at;
	W->bytes[index & (sizeof W->bytes - 1)] = byte;
}
static __attribute__((noinline)) void write_byte(u64 at, u64 byte)
{
	*(volatile u8 *)at = (u8)byte;
}
static void signalled(void)
{
	W->found.kind = SIGNALLED;
}
static void load(u64 at, u64 length)
{
	counted_from();
	for (u64 i = 0; i < length; i++) if (attempt(read_byte, at + i, i, 1)) { counted_to(); return signalled(); }
	counted_to();
	W->found.kind = BYTES;
	W->found.count = length;
	for (u64 i = 0; i < length && i < 8; i++) W->found.value |= (u64)W->bytes[i] << 8 * i;
}
static void store_bytes(u64 at, const char *bytes, u64 length)
{
	counted_from();
	for (u64 i = 0; i < length; i++) if (attempt(write_byte, at + i, (u8)bytes[i], 1)) { counted_to(); return signalled(); }
	counted_to();
	value_is((i64)length);
}
static void store(u64 at, u64 value, u64 size)
{
	W->words[0] = value;
	store_bytes(at, (const char *)W->words, size);
}
static void touch(int writes, u64 at, u64 count, u64 stride, u64 byte)
{
	counted_from();
	for (u64 i = 0; i < count; i++, at += stride) {
		if (!attempt(writes ? write_byte : read_byte, at, writes ? byte : 0, 1)) continue;
		W->found.count = i;
		W->found.counted = 1;
		counted_to();
		return signalled();
	}
	counted_to();
	value_is((i64)count);
}
#if defined(__x86_64__)
/* Jumps there with the trap flag: one instruction, then SIGTRAP. */
static __attribute__((noinline)) void fetch(u64 at, u64 scratch)
{
	__asm__ volatile("pushf\n\torq $0x100, (%%rsp)\n\tpopf\n\tjmp *%%rdi" : : "D"(at), "a"(scratch), "b"(scratch), "c"(1), "d"(scratch), "S"(scratch) : "memory");
}
static void execute(u64 at)
{
	counted_from();
	W->found.count = at;
	int stopped = attempt(fetch, at, (u64)W->scratch + 4096, 2);
	counted_to();
	W->found.count = 0;
	if (stopped && W->found.signo) return signalled();
	value_is(0);
}
static void wrpkru(u64 bits)
{
	counted_from();
	__asm__ volatile(".byte 0x0f, 0x01, 0xef" : : "a"((u32)bits), "c"(0), "d"(0) : "memory");
	counted_to();
	value_is(0);
}
static void rdpkru(void)
{
	u32 bits, high;
	counted_from();
	__asm__ volatile(".byte 0x0f, 0x01, 0xee" : "=a"(bits), "=d"(high) : "c"(0));
	counted_to();
	value_is((i64)(u64)bits);
}
#else
/* Scripts with these are not run on other processors. */
static void execute(u64 at) { value_is((i64)at); }
static void wrpkru(u64 bits) { value_is((i64)bits); }
static void rdpkru(void) { value_is(0); }
#endif
/* A place to hang expectations on. */
static void nothing(void)
{
	counted_from();
	counted_to();
	value_is(0);
}

/* ---- What calls are given. ---- */

/* Words for a structure, from a place of the array on. */
#define words(at, ...) fill_words(at, sizeof((u64[]){ __VA_ARGS__ }) / 8, (const u64[]){ __VA_ARGS__ })
static u64 fill_words(u32 at, u64 count, const u64 *from)
{
	for (u64 i = 0; i < count; i++) W->words[at + i] = from[i];
	return (u64)&W->words[at];
}
/* Bytes to be written, with zeros behind them. */
static u64 bytes_with_zeros(const char *text, u64 length, u64 count)
{
	for (u64 i = 0; i < sizeof W->bytes; i++) {
		if (i >= length && i >= count) break;
		W->bytes[i] = i < length ? (u8)text[i] : 0;
	}
	return (u64)W->bytes;
}
#define SCRATCH ((u64)W->scratch)

/* `/proc/2/…` of the script. */
static u64 proc_path(u32 number, const char *rest)
{
	char *to = W->path;
	const char *lead = "/proc/";
	char d[24];
	u32 k = sizeof d;
	i64 pid = (i64)pid_here(number);
	while (*lead) *to++ = *lead++;
	do d[--k] = (char)('0' + pid % 10); while (pid /= 10);
	while (k < sizeof d) *to++ = d[k++];
	while (*rest) *to++ = *rest++;
	*to = 0;
	return (u64)W->path;
}
