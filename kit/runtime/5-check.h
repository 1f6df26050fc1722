/* ---- What must hold: one line of the report for each. ---- */

enum relation { EQ, NE, LE, GE, LT, GT, WITHIN, CHANGED };

static int holds(enum relation r, u64 now, u64 x, u64 y)
{
	switch (r) {
	case EQ: return now == x;
	case NE: return now != x;
	case LE: return now <= x;
	case GE: return now >= x;
	case LT: return now < x;
	case GT: return now > x;
	case WITHIN: return now >= x && now <= y;
	case CHANGED: return now == x + y;
	}
	return 0;
}
static int is_plain(void)
{
	i64 v = (i64)W->found.value;
	if (W->found.kind == BYTES) return W->found.count <= 8;
	return W->found.kind == VALUE && !W->found.counted && !(v < 0 && v >= -133);
}
static int is(enum relation r, u64 x, u64 y)
{
	if (r == EQ && W->found.kind == VALUE && !W->found.counted) return W->found.value == x;
	return is_plain() && holds(r, W->found.value, x, y);
}
static int is_error(u64 error)
{
	return W->found.kind == VALUE && !W->found.counted && W->found.value == -error;
}
static int is_error_after(u64 count, u64 error)
{
	return W->found.kind == VALUE && W->found.counted && W->found.count == count && W->found.value == -error;
}
#define ANY (~0u)
#define ANYWHERE (~1ul)
static int is_signal(u32 signo, u32 code, u64 addr)
{
	return W->found.kind == SIGNALLED && W->found.signo == signo && (code == ANY || W->found.code == code)
		&& (addr == ANYWHERE || W->found.addr == addr);
}
static int is_signal_after(u64 count, u32 signo, u32 code, u64 addr)
{
	return W->found.counted && W->found.count == count && is_signal(signo, code, addr);
}
static int is_bytes(const char *bytes, u64 length)
{
	if (W->found.kind != BYTES || W->found.count != length) return 0;
	return !memcmp(W->bytes, bytes, length);
}

static void put_found(void)
{
	static const char *const names[] = { "", "EPERM", "ENOENT", "ESRCH", "EINTR", "EIO", "ENXIO", "E2BIG", "ENOEXEC", "EBADF", "ECHILD", "EAGAIN",
		"ENOMEM", "EACCES", "EFAULT", "ENOTBLK", "EBUSY", "EEXIST", "EXDEV", "ENODEV", "ENOTDIR", "EISDIR", "EINVAL", "ENFILE", "EMFILE",
		"ENOTTY", "ETXTBSY", "EFBIG", "ENOSPC", "ESPIPE", "EROFS" };
	i64 v = (i64)W->found.value;
	if (W->found.counted) { put_number(W->found.count); put(" "); }
	if (W->found.kind == SIGNALLED) {
		put(W->found.signo == 11 ? "SIGSEGV" : W->found.signo == 7 ? "SIGBUS" : "signal ");
		if (W->found.signo != 11 && W->found.signo != 7) put_number(W->found.signo);
		put(" code ");
		put_signed((i64)(int)W->found.code);
		put(" 0x");
		put_hex(W->found.addr);
	} else if (W->found.kind == BYTES) {
		put("bytes");
		for (u64 i = 0; i < W->found.count && i < 32; i++) { put(" "); put_hex(W->bytes[i]); }
		if (W->found.count > 32) put(" ...");
	} else if (v < 0 && v >= -4095) {
		put("-1 ");
		if (v > -31) put(names[-v]);
		else { put("errno "); put_number((u64)-v); }
	} else {
		put_value((u64)v);
	}
}
static void result(int ok, const char *expected)
{
	point(ok, "result");
	if (!ok) {
		put("# got ");
		put_found();
		put(", expected ");
		put(expected);
		put("\n");
	}
	put_flush();
}
static void put_wanted(enum relation r, u64 x, u64 y)
{
	static const char *const signs[] = { "", "!= ", "<= ", ">= ", "< ", "> ", "" };
	if (r == CHANGED) { put("by "); put_signed((i64)y); put(" more than "); put_number(x); return; }
	put(signs[r]);
	put_number(x);
	if (r == WITHIN) { put(".."); put_number(y); }
}
static void number_is(const char *field, const char *name, u64 now, enum relation r, u64 x, u64 y)
{
	int ok = holds(r, now, x, y);
	point(ok, field);
	if (!ok) {
		put("# got ");
		put(name);
		put(*name ? " " : "");
		put_number(now);
		put(", expected ");
		put_wanted(r, x, y);
		put("\n");
	}
	put_flush();
}
static void minflt(enum relation r, u64 x, u64 y) { number_is("minflt", "", W->minflt, r, x, y); }
static void majflt(enum relation r, u64 x, u64 y) { number_is("majflt", "", W->majflt, r, x, y); }

static void no_faults(void)
{
	number_is("faults", "", W->minflt + W->majflt, EQ, 0, 0);
}

static u64 status_now(u32 process, const char *name)
{
	return (u64)(status_of(process, name) - extra_of(name));
}
static void status_is(u32 process, const char *name, enum relation r, u64 x, u64 y)
{
	number_is("status", name, status_now(process, name), r, x, y);
}
static void areas_are(u32 process, enum relation r, u64 x, u64 y)
{
	number_is("nmaps", "", count_areas(process) - (u64)W->extra_areas, r, x, y);
}

/* The vector of mincore, a digit a page. */
static void mincore_is(const char *vector)
{
	u64 n = strlen(vector), i;
	for (i = 0; i < n; i++) if ((W->scratch[i] & 1) != vector[i] - '0') break;
	point(i == n, "mincore");
	if (i < n) {
		put("# got page ");
		put_number(i);
		put(W->scratch[i] & 1 ? " present, expected absent\n" : " absent, expected present\n");
	}
	put_flush();
}

static void put_area(const struct area *a)
{
	put_hex(a->start);
	put("-");
	put_hex(a->end);
	put(" ");
	put(a->perms);
	put(" ");
	put_hex(a->offset);
	put(" ");
	put(a->name);
}

/* A line of maps that a script tells of: gone (only its start counts), or there. */
struct told { u64 start, end; const char *perms; u64 offset; const char *name; };
#define GONE(start) { start, 0, 0, 0, 0 }

static int is_told(const struct area *a, const struct told *t, int extent)
{
	return t->perms && a->start == t->start && a->end == t->end && same(a->perms, t->perms) && a->offset == t->offset
		&& (extent || same(a->name, t->name));
}
static int same_area(const struct area *a, const struct area *b)
{
	return a->start == b->start && a->end == b->end && same(a->perms, b->perms) && a->offset == b->offset && same(a->name, b->name);
}
/* Whether a line of one list is in the other as it is. */
static int is_in(const struct area *a, const struct areas *list)
{
	for (u32 i = 0; i < list->count; i++) if (list->a[i].start == a->start) return same_area(a, &list->a[i]);
	return 0;
}
static void put_told(const struct told *t)
{
	struct area a = { t->start, t->end, t->offset, "", "" };
	memcpy(a.perms, t->perms, 5);
	set_name(a.name, t->name);
	put_area(&a);
}
/* Changes of maps since before the statement must be those told, and no others. */
static void maps_changed(u32 slot, u32 process, u32 count, const struct told *told)
{
	const struct areas *before = &W->before[slot];
	const struct area *wrong = 0;
	const struct told *missing = 0;
	const char *how = 0;
	u32 seen = 0;
	look_at(&W->now, process, 1);
	if (before->overflow || W->now.overflow) { how = "too many areas to compare"; }
	for (u32 i = 0; !how && i < before->count; i++) {
		const struct area *a = &before->a[i];
		u32 k;
		if (is_in(a, &W->now)) continue;
		for (k = 0; k < count; k++) if (!told[k].perms && told[k].start == a->start) break;
		if (k == count) { wrong = a; how = "gone or changed, which nobody told: "; }
		seen++;
	}
	for (u32 i = 0; !how && i < W->now.count; i++) {
		const struct area *a = &W->now.a[i];
		u32 k;
		if (is_in(a, before)) continue;
		for (k = 0; k < count; k++) if (is_told(a, &told[k], 0)) break;
		if (k == count) { wrong = a; how = "new, which nobody told: "; }
		seen++;
	}
	if (!how && seen != count) {
		how = "missing: ";
		for (u32 k = 0; k < count; k++) {
			u32 i;
			for (i = 0; told[k].perms && i < W->now.count; i++) if (is_told(&W->now.a[i], &told[k], 0) && !is_in(&W->now.a[i], before)) break;
			if (told[k].perms ? i == W->now.count : 1) { missing = &told[k]; if (told[k].perms) break; }
		}
	}
	point(!how, "maps");
	if (how) {
		put("# ");
		put(how);
		if (wrong) put_area(wrong);
		if (missing && missing->perms) put_told(missing);
		if (missing && !missing->perms) { put("the end of the area at "); put_hex(missing->start); }
		for (u32 k = 0; wrong && k < count; k++) {
			put(k ? "; " : "; expected ");
			put(told[k].perms ? "+" : "-");
			if (told[k].perms) put_told(&told[k]);
			else put_hex(told[k].start);
		}
		put("\n");
	}
	put_flush();
}
/* The whole of maps, but for what is the program's and the kernel's own. */
static void maps_are(u32 process, int extent, u32 count, const struct told *told)
{
	u32 i;
	look_at(&W->now, process, 0);
	for (i = 0; i < count && i < W->now.count; i++) if (!is_told(&W->now.a[i], &told[i], extent)) break;
	int ok = i == count && i == W->now.count;
	point(ok, "maps");
	if (!ok) {
		put("# got ");
		if (i < W->now.count) put_area(&W->now.a[i]);
		else put("no line");
		put(", expected ");
		if (i < count) put_told(&told[i]);
		else put("no line");
		put("\n");
	}
	put_flush();
}

/* What every page of a range is, in letters; empty for nothing. */
static void pages_are(u64 start, u64 end, const char *letters)
{
	i64 fd = proc_open(kit_me() + 1, "pagemap");
	int scans = can_scan(fd), ok = fd >= 0;
	char found[12] = "", wanted[12];
	u32 n = 0;
	u64 at = start;
	for (const char *l = letters; *l && n < 11; l++) if (scans || (*l != 'Z' && *l != 'H')) wanted[n++] = *l;
	wanted[n] = 0;
	while (ok && at < end) {
		u64 pages = (end - at) / PAGE < 1024 ? (end - at) / PAGE : 1024;
		i64 got = raw(__NR_pread64, fd, W->words, pages * 8, at / PAGE * 8);
		if (got <= 0) { ok = 0; break; }
		for (u64 i = 0; ok && i < (u64)got / 8; i++, at += PAGE) {
			letters_of(fd, scans && W->words[i], W->words[i], at, found);
			ok = same(found, wanted);
			if (!ok) break;
		}
	}
	if (fd >= 0) raw(__NR_close, fd);
	point(ok, "pagemap");
	if (!ok) {
		put("# got ");
		put(fd < 0 ? "no pagemap" : *found ? found : "nothing");
		put(" at ");
		put_hex(at);
		put(", expected ");
		put(*wanted ? wanted : "nothing");
		put("\n");
	}
	put_flush();
}

/* One area of smaps: fields, and flags where they are told. */
struct wanted { const char *name; enum relation r; u64 x, y; };
static void smaps_are(u64 start, u64 end, u32 count, const struct wanted *wanted, const char *flags)
{
	int there = read_smaps(start, end), ok = there;
	u32 i = 0;
	if (there) for (; i < count; i++) if (!holds(wanted[i].r, smaps_of(wanted[i].name), wanted[i].x, wanted[i].y)) { ok = 0; break; }
	int flags_differ = ok && flags && !same(flags, W->flags);
	point(ok && !flags_differ, "smaps");
	if (!ok || flags_differ) {
		put("# ");
		put_hex(start);
		put("-");
		put_hex(end);
		if (!there) put(": no such area");
		else if (flags_differ) { put(": got VmFlags: "); put(W->flags); put(", expected "); put(flags); }
		else {
			put(": got ");
			put(wanted[i].name);
			put(" ");
			put_number(smaps_of(wanted[i].name));
			put(", expected ");
			put_wanted(wanted[i].r, wanted[i].x, wanted[i].y);
		}
		put("\n");
	}
	put_flush();
}
/* The statement needs a name whose call failed. */
#define UNBOUND 0xbadbadbadbad0000ul
static int is_bound(u64 value, const char *name)
{
	if (value != UNBOUND) return 1;
	point(0, "statement");
	put("# not run: `");
	put(name);
	put("` is not bound, the call that should have bound it failed\n");
	put_flush();
	return 0;
}
/* The kernel chose a place: as in the script, or by the same distance elsewhere. All that lies in it is told from there. */
static void placed(u32 at, u64 expected)
{
	int failed = (i64)W->found.value < 0 && (i64)W->found.value >= -4095;
	int ok = W->found.value == expected;
	W->placed[at] = failed ? expected : W->found.value;
	point(!failed, "result");
	if (failed) { put("# got "); put_found(); put(", expected an address\n"); }
	point(ok, "placement");
	if (!ok) {
		put("# got ");
		put_found();
		put(", expected ");
		put_value(expected);
		put("\n");
	}
	put_flush();
}
/* Binds a result, if there is one. */
static void bind(u64 *to)
{
	if (is_plain()) *to = W->found.value;
}
