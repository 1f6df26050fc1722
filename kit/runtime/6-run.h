/* ---- Who runs what, and when. ---- */

struct step { int line; u32 process; void (*run)(void); const char *text; };
struct made { const char *path; u64 size; u32 mode, owner; int key, pattern, directory, cached; u64 folio; const char *content; u64 length; };
struct setting { const char *path; u64 value; };
struct limit { u32 resource; u64 cur, max; };
static const struct step steps[];
static const u32 step_count;

struct timespec { i64 s, ns; };
static void pause_ms(i64 ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	raw(__NR_nanosleep, &t, 0);
}
static void futex_wait(volatile u32 *word, u32 value) { raw(__NR_futex, word, 0, value, 0); }
static void futex_wake(volatile u32 *word) { raw(__NR_futex, word, 1, 64); }

/* Whether a process has given its memory back. */
static int has_left(i64 pid)
{
	char t[48], *to = t, d[24];
	const char *lead = "/proc/", *tail = "/stat";
	u32 k = sizeof d;
	i64 n = pid;
	while (*lead) *to++ = *lead++;
	do d[--k] = (char)('0' + n % 10); while (n /= 10);
	while (k < sizeof d) *to++ = d[k++];
	while (*tail) *to++ = *tail++;
	*to = 0;
	i64 fd = raw(__NR_openat, AT_CWD, t, 0, 0);
	if (fd < 0) return 1;
	i64 got = raw(__NR_read, fd, W->text_buffer, sizeof W->text_buffer - 1);
	raw(__NR_close, fd);
	if (got <= 0) return 1;
	W->text_buffer[got] = 0;
	char *state = W->text_buffer;
	while (*state && *state != ')') state++;
	return state[0] && (state[2] == 'Z' || state[2] == 'X');
}

/* Writes what is there, whoever else writes meanwhile. */
static void touch_shared(u64 at)
{
#if defined(__aarch64__)
	u32 word, failed;
	do __asm__ volatile("ldxr %w0, [%2]\n\tstxr %w1, %w0, [%2]" : "=&r"(word), "=&r"(failed) : "r"(at) : "memory");
	while (failed);
#else
	__atomic_fetch_or((u32 *)at, 0, __ATOMIC_SEQ_CST);
#endif
}

/* Every page of the program and of the shared area is mapped before anything is counted. */
static void warm_up(void)
{
	for (u64 at = KIT_AT; at < KIT_AT + KIT_BYTES; at += PAGE) touch_shared(at);
	for (u32 i = 0; i < W->owned; i++)
		for (u64 at = W->own[i].start; at < W->own[i].end; at += PAGE) (void)*(volatile char *)at;
}

static void run_steps(u32 from)
{
	u32 me = kit_me() + 1;
	for (u32 i = from; i < step_count; i++) {
		u32 turn;
		if (steps[i].process != me) continue;
		while ((turn = W->turn) != i) futex_wait(&W->turn, turn);
		for (int tries = 0; W->leaving && tries < 3000 && !has_left(W->leaving); tries++) pause_ms(1);
		W->leaving = 0;
		W->line = steps[i].line;
		W->text = steps[i].text;
		W->from = i;
		W->found.kind = NOTHING;
		steps[i].run();
		put_flush();
		W->turn = i + 1;
		futex_wake(&W->turn);
	}
	/* The memory of a process that has no more to do can still be asked about. */
	for (;;) {
		u32 turn = W->turn;
		if (turn == step_count) break;
		futex_wait(&W->turn, turn);
	}
	raw(__NR_exit_group, 0);
	for (;;) ;
}

/* Ends the process: the next step waits until its memory has gone. */
static void leave(u64 status)
{
	W->leaving = W->process[kit_me()].pid;
	put_flush();
	W->turn = W->from + 1;
	futex_wake(&W->turn);
	raw(__NR_exit_group, status);
	for (;;) ;
}
/* A signal that nobody expected ends its process. */
static void die_of_signal(void)
{
	if (W->found.kind == SIGNALLED) leave(128 + W->found.signo);
}

static void born(void)
{
	u32 me = kit_me();
	W->process[me].pid = raw(__NR_getpid, 0);
	warm_up();
	u32 from = W->from + 1;
	W->ready = 1;
	futex_wake(&W->ready);
	run_steps(from);
}
/* A new process of the script, on a stack of its own. */
static void make_process(u64 flags, u64 parent_tid, u64 child_tid, u64 tls)
{
	u32 number = W->processes;
	if (number == PROCESSES) fatal("more processes than the kit has stacks for");
	u64 *stack = (u64 *)(W->stacks[number] + STACK - 64);
#if defined(__x86_64__)
	stack++;
#endif
	*stack = (u64)born;
	W->process[number] = W->process[kit_me()];
	W->ready = 0;
	counted_from();
	i64 pid = raw_clone(flags, (u64)stack, parent_tid, child_tid, tls);
	counted_to();
	value_is(pid);
	if (pid <= 0) return;
	W->process[number].pid = pid;
	W->processes = number + 1;
	for (int tries = 0; !W->ready; tries++) { if (tries > 3000) fatal("the child did not begin"); if (tries > 200) pause_ms(1); else raw(__NR_sched_yield, 0); }
	W->found.value = number + 1;
}
