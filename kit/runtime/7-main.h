/* ---- The guardian: prepares, starts the first process, waits, and says what came of it. ---- */

static void skip(const char *why)
{
	const char *lead = "1..0 # SKIP ";
	raw(__NR_write, 1, lead, strlen(lead));
	raw(__NR_write, 1, why, strlen(why));
	raw(__NR_write, 1, "\n", 1);
	raw(__NR_exit_group, 0);
	for (;;) ;
}
/* The number in a file; ~0 if there is none. */
static u64 number_in(const char *path)
{
	char t[64];
	const char *at = t;
	i64 fd = raw(__NR_openat, AT_CWD, path, 0, 0);
	if (fd < 0) return ~0ul;
	i64 got = raw(__NR_read, fd, t, sizeof t - 1);
	raw(__NR_close, fd);
	if (got <= 0) return ~0ul;
	t[got] = 0;
	return digits(&at, 10);
}
static u64 map_page(u64 hint)
{
	u64 at = (u64)raw(__NR_mmap, hint, PAGE, 0, 0x22, -1, 0);
	raw(__NR_munmap, at, PAGE);
	return at;
}
/* What the script wants otherwise than it is here: then it is not run. */
static void look_around(void)
{
#if KIT_X86 && !defined(__x86_64__)
	skip("x86-64 alone has what this asks");
#endif
#ifdef KIT_LA57
	if ((map_page(1ul << 50) >> 47 != 0) != KIT_LA57) skip(KIT_LA57 ? "five levels of tables are wanted" : "four levels of tables are wanted");
#endif
#ifdef KIT_PKU
	/* Asking for a key would take one: the processor says it, too (OSPKE). */
	u32 leaf = 7, sub = 0, keys = 0;
#if defined(__x86_64__)
	u32 other;
	__asm__ volatile("cpuid" : "+a"(leaf), "=b"(other), "+c"(sub), "=d"(other));
	keys = sub >> 4 & 1;
#endif
	if (keys != KIT_PKU) skip(KIT_PKU ? "a processor with protection keys is wanted" : "a processor without protection keys is wanted");
#endif
#ifdef KIT_LOWEST
	if (map_page(PAGE) != (KIT_LOWEST ? KIT_LOWEST : PAGE)) skip("another lowest address is wanted");
#endif
	if (KIT_SEGMENTS && raw(__NR_unshare, 0x08000000) != 0) skip("SysV segments of its own are wanted (CLONE_NEWIPC)");
	if (KIT_ROOT && raw(__NR_geteuid, 0) != 0) skip("the rights of root are wanted");
	for (u32 i = 0; i < sizeof settings / sizeof *settings; i++)
		if (settings[i].path && number_in(settings[i].path) != settings[i].value) skip(settings[i].path);
}

static void copy(char **to, const char *text)
{
	while (*text) *(*to)++ = *text++;
	**to = 0;
}
static void copy_number(char **to, u64 n)
{
	char d[24];
	u32 k = sizeof d;
	do d[--k] = (char)('0' + n % 10); while (n /= 10);
	while (k < sizeof d) *(*to)++ = d[k++];
	**to = 0;
}

static void make_parents(const char *path)
{
	char t[256];
	for (u32 i = 0; path[i] && i < sizeof t - 1; i++) {
		t[i] = path[i];
		if (path[i + 1] != '/') continue;
		t[i + 1] = 0;
		raw(__NR_mkdirat, AT_CWD, t, 0777);
		raw(__NR_fchmodat, AT_CWD, t, 0777);
	}
}
static u8 byte_of(const struct made *f, u64 at)
{
	if (!f->pattern) return at < f->length ? (u8)f->content[at] : 0;
	return (at & 4095) >= 64 ? 0x90 : (u8)((int)(at >> 12) * 7 + f->key + 1);
}
static void make_file(const struct made *f)
{
	make_parents(f->path);
	if (f->directory) {
		raw(__NR_mkdirat, AT_CWD, f->path, 0777);
	} else {
		i64 fd = raw(__NR_openat, AT_CWD, f->path, 0102 | 0200, 0600);
		u64 piece = f->folio ? f->folio : f->size;
		int zeros = !f->pattern && !f->length;
		if (!f->folio || zeros) raw(__NR_ftruncate, fd, f->size);
		for (u64 at = 0; f->folio && at < f->size; at += piece) {
			u64 n = f->size - at < piece ? f->size - at : piece;
			for (u64 done = 0; done < n;) {
				u64 some = n - done < sizeof W->bytes ? n - done : sizeof W->bytes;
				for (u64 i = 0; i < some; i++) W->bytes[i] = byte_of(f, at + done + i);
				raw(__NR_pwrite64, fd, W->bytes, some, at + done);
				done += some;
			}
		}
		if (f->folio) raw(__NR_fsync, fd);
		if (!f->cached) raw(__NR_fadvise64, fd, 0, 0, 4);
		raw(__NR_close, fd);
	}
	raw(__NR_fchownat, AT_CWD, f->path, f->owner, f->owner, 0);
	raw(__NR_fchmodat, AT_CWD, f->path, f->mode);
}

/* Removes a folder with all in it. */
struct entry { u64 ino; i64 off; unsigned short size; u8 kind; char name[]; };
static void remove_all(const char *path)
{
	u8 buffer[2048];
	i64 fd = raw(__NR_openat, AT_CWD, path, 0, 0), got;
	if (fd < 0) return;
	while ((got = raw(__NR_getdents64, fd, buffer, sizeof buffer)) > 0) {
		for (i64 at = 0; at < got;) {
			struct entry *e = (struct entry *)(buffer + at);
			char inner[512], *to = inner;
			at += e->size;
			if (same(e->name, ".") || same(e->name, "..")) continue;
			copy(&to, path);
			copy(&to, "/");
			copy(&to, e->name);
			if (raw(__NR_unlinkat, AT_CWD, inner, 0) != 0) remove_all(inner);
		}
	}
	raw(__NR_close, fd);
	raw(__NR_unlinkat, AT_CWD, path, 0x200);
}

static i64 extra_of(const char *name)
{
	for (u32 i = 0; i < sizeof at_start / sizeof *at_start; i++) if (at_start[i].name && same(at_start[i].name, name)) return W->extra[i];
	return 0;
}

/* Where the kernel puts what nobody gives a place: as in the script, or by how much otherwise. */
static void level(void)
{
	u64 found = map_page(0), wanted = KIT_ANCHOR;
	if (found >= 1ul << 63 || found == wanted) { W->shift = 0; return; }
	u64 huge = 2ul << 20;
	u64 fill = found > wanted && found - wanted < 1ul << 30 ? found - wanted : (found - wanted) & (huge - 1);
	W->shift = (i64)(found - fill - wanted);
	if (!fill) return;
	u64 from = found - fill + PAGE;
	if ((u64)raw(__NR_mmap, from, fill, 0, 0x100021, -1, 0) != from) { W->shift = (i64)(found - wanted); return; }
	W->filler = from;
}

static void first_process(void)
{
	W->process[0].pid = raw(__NR_getpid, 0);
	W->processes = 1;
	raw(__NR_setpgid, 0, 0);
	for (u32 i = 0; i < sizeof limits / sizeof *limits; i++) if (limits[i].resource != ~0u) raw(__NR_prlimit64, 0, limits[i].resource, &limits[i].cur, 0);
	if (raw(__NR_geteuid, 0) == 0) {
		if (KIT_UID) {
			raw(__NR_setgroups, 0, 0);
			raw(__NR_setresgid, KIT_UID, KIT_UID, KIT_UID);
			raw(__NR_setresuid, KIT_UID, KIT_UID, KIT_UID);
		} else if (KIT_CAPABILITIES != ~0ul) {
			u32 head[2] = { 0x20080522, 0 };
			u32 low = (u32)KIT_CAPABILITIES, high = (u32)(KIT_CAPABILITIES >> 32);
			u32 data[6] = { low, low, 0, high, high, 0 };
			raw(__NR_capset, head, data);
		}
	}
	raw(__NR_prctl, 4, 1, 0, 0, 0);
	set_handlers();
	/* The two private pages that are there from the start are this process's alone. */
	kit_page[1] = 1;
	*W->top |= 0;
	warm_up();
	for (u32 i = 0; i < sizeof at_start / sizeof *at_start; i++) if (at_start[i].name) W->extra[i] = status_of(1, at_start[i].name) - at_start[i].value;
	W->extra_areas = (i64)count_areas(1) - KIT_AREAS;
	run_steps(0);
}

/* One processor for all: batches of pages that wait on another one would count otherwise. */
static void stay_on_one_processor(void)
{
	u32 now = 0;
	u64 set[16] = { 0 };
	if (raw(__NR_getcpu, &now, 0, 0) != 0) return;
	set[now / 64 % 16] = 1ul << now % 64;
	raw(__NR_sched_setaffinity, 0, sizeof set, set);
}

static void note_own_areas(void)
{
	struct reader r = reader_of(1, "maps");
	struct area a;
	char *line;
	while ((line = next_line(&r))) {
		if (!parse_area(line, &a) || a.perms[0] != 'r' || a.start < KIT_TEXT || a.end > KIT_AT || W->owned == 8) continue;
		W->own[W->owned].start = a.start;
		W->own[W->owned++].end = a.end;
	}
}

static int run_script(void)
{
	u64 *stack = (u64 *)(W->stacks[0] + STACK - 64);
#if defined(__x86_64__)
	stack++;
#endif
	*stack = (u64)first_process;
	i64 first = raw_clone(17, (u64)stack, 0, 0, 0);
	u32 seen = 0;
	int still = 0, ended = 0;
	while (W->turn < step_count && !W->bailed && still < 10000) {
		int status;
		if (!ended && raw(__NR_wait4, first, &status, 1, 0) == first) ended = 1;
		if (ended && W->processes < 2 && still > 50) break;
		pause_ms(1);
		still = W->turn == seen ? still + 1 : 0;
		seen = W->turn;
	}
	pause_ms(1);
	raw(__NR_kill, -first, 9);
	raw(__NR_kill, first, 9);
	if (!ended) raw(__NR_wait4, first, 0, 0, 0);
	W->outlen = 0;
	if (W->turn < step_count && !W->bailed) {
		W->points++;
		W->failed++;
		put("not ok ");
		put_number(W->points);
		put(" - line ");
		put_number((u64)steps[W->turn].line);
		put(" statement: ");
		put(steps[W->turn].text);
		put("\n# it did not end, and nothing behind it was run\n");
	}
	put("1..");
	put_number(W->points);
	put("\n");
	if (KIT_NOT_COMPARED[0]) { put("# not compared: "); put(KIT_NOT_COMPARED); put("\n"); }
	put_flush();
	return W->failed != 0;
}

/* Starts the program again with the layout that the script has: `--here` leaves out that. */
static void start_again(void)
{
	static const char *const argv[] = { "kit", "--here", 0 };
	static const char *const envp[] = { 0 };
	const u64 lock[2] = { 8ul << 20, 8ul << 20 };
	u64 stack[2] = { 8ul << 20, ~0ul };
	for (u32 i = 0; i < sizeof limits / sizeof *limits; i++) if (limits[i].resource == 3) { stack[0] = limits[i].cur; stack[1] = limits[i].max; }
	raw(__NR_personality, KIT_PERSONALITY);
	raw(__NR_prlimit64, 0, 3, stack, 0);
	raw(__NR_prlimit64, 0, 8, lock, 0);
	raw(__NR_execve, "/proc/self/exe", argv, envp);
}

__attribute__((used, noreturn)) void kit_main(u64 *stack)
{
	char folder[64], shm[64], *to = folder;
	if (stack[0] < 2 || !same((const char *)stack[2], "--here")) start_again();
#ifdef __NR_close_range
	raw(__NR_close_range, 3, ~0u, 0);
#endif
	look_around();
	/* Between two parts of this program: nobody else has it. */
	if (raw(__NR_mmap, KIT_AT, KIT_BYTES, 3, 0x31, -1, 0) != (i64)KIT_AT) skip("the place of the kit's own area is taken");
	raw(__NR_dup3, 1, TAP_FD, 0);
	raw(__NR_umask, 022);
	stay_on_one_processor();
	for (u32 i = 0; i < NAMES; i++) W->names[i] = UNBOUND;
	copy(&to, "/tmp/kit.");
	copy_number(&to, (u64)raw(__NR_getpid, 0));
	raw(__NR_mkdirat, AT_CWD, folder, 0755);
	raw(__NR_chdir, folder);
	raw(__NR_mkdirat, AT_CWD, "T", 0777);
	raw(__NR_fchmodat, AT_CWD, "T", 0777);
	if (KIT_SHM) {
		to = shm;
		copy(&to, "/dev/shm/kit.");
		copy_number(&to, (u64)raw(__NR_getpid, 0));
		raw(__NR_mkdirat, AT_CWD, shm, 0777);
		raw(__NR_fchmodat, AT_CWD, shm, 0777);
		raw(__NR_mkdirat, AT_CWD, "dev", 0755);
		raw(__NR_symlinkat, shm, AT_CWD, "dev/shm");
		memcpy(W->shm, shm, sizeof shm);
	}
	for (u32 i = 0; i < sizeof files / sizeof *files; i++) if (files[i].path) make_file(&files[i]);
	W->process[0].pid = raw(__NR_getpid, 0);
	note_own_areas();
	W->top = (volatile char *)stack;
	/* Names of areas come without the folder: only from here on. */
	memcpy(W->folder, folder, sizeof folder);
	level();
	int failed = run_script();
	raw(__NR_chdir, "/");
	remove_all(folder);
	if (KIT_SHM) remove_all(shm);
	raw(__NR_exit_group, failed);
	for (;;) ;
}
