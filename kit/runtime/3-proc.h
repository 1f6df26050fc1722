/* ---- What /proc says. ---- */

struct reader { i64 fd; u32 at, got; };

static i64 proc_open(u32 process, const char *name)
{
	i64 pid = W->process[process - 1].pid;
	char t[48] = "/proc/", d[24];
	u32 n = 6, k = sizeof d;
	do d[--k] = (char)('0' + pid % 10); while (pid /= 10);
	while (k < sizeof d) t[n++] = d[k++];
	t[n++] = '/';
	while (*name) t[n++] = *name++;
	t[n] = 0;
	return raw(__NR_openat, AT_CWD, t, 0, 0);
}
static struct reader reader_of(u32 process, const char *name)
{
	return (struct reader){ proc_open(process, name), 0, 0 };
}
/* The next line, without its end; 0 behind the last. */
static char *next_line(struct reader *r)
{
	u32 n = 0;
	for (;;) {
		if (r->at == r->got) {
			i64 got = r->fd < 0 ? 0 : raw(__NR_read, r->fd, W->text_buffer, sizeof W->text_buffer);
			r->at = 0;
			r->got = got > 0 ? (u32)got : 0;
			if (!r->got) {
				if (r->fd >= 0) raw(__NR_close, r->fd);
				r->fd = -1;
				W->line_buffer[n] = 0;
				return n ? W->line_buffer : 0;
			}
		}
		char c = W->text_buffer[r->at++];
		if (c == '\n') break;
		if (n < sizeof W->line_buffer - 1) W->line_buffer[n++] = c;
	}
	W->line_buffer[n] = 0;
	return W->line_buffer;
}
static void end_reading(struct reader *r)
{
	if (r->fd >= 0) raw(__NR_close, r->fd);
}

/* The name of an area as the script would see it: its files lie in a folder of their own here. */
static void set_name(char *to, const char *name)
{
	u32 n = 0;
	if (W->shm[0] && begins(name, W->shm)) {
		const char *lead = "/dev/shm";
		while (*lead) to[n++] = *lead++;
		name += strlen(W->shm);
	} else if (W->folder[0] && begins(name, W->folder)) {
		name += strlen(W->folder);
	}
	while (*name && n < sizeof ((struct area *)0)->name - 1) to[n++] = *name++;
	to[n] = 0;
}
static int parse_area(const char *line, struct area *a)
{
	a->start = digits(&line, 16);
	if (*line++ != '-') return 0;
	a->end = digits(&line, 16);
	if (*line++ != ' ') return 0;
	for (u32 i = 0; i < 4; i++) a->perms[i] = line[i] ? line[i] : ' ';
	a->perms[4] = 0;
	line += 5;
	a->offset = digits(&line, 16);
	while (*line == ' ') line++;
	while (*line && *line != ' ') line++;
	while (*line == ' ') line++;
	while (*line && *line != ' ') line++;
	while (*line == ' ') line++;
	set_name(a->name, line);
	return 1;
}
/* What the program itself has: no part of the script. */
static int is_ours(const struct area *a)
{
	if (a->start >= KIT_TEXT && a->end <= KIT_PAGE + PAGE) return 1;
	return W->filler && a->start == W->filler;
}
/* What the kernel gives to each program. */
static int is_kernels(const struct area *a)
{
	return begins(a->name, "[v") || same(a->name, "[stack]") || a->start >= 1ul << 63;
}
static void look_at(struct areas *to, u32 process, int with_kernels)
{
	struct reader r = reader_of(process, "maps");
	char *line;
	to->count = to->overflow = 0;
	while ((line = next_line(&r))) {
		struct area *a = &to->a[to->count];
		if (to->count == AREAS) { to->overflow = 1; end_reading(&r); break; }
		if (!parse_area(line, a) || is_ours(a) || (!with_kernels && is_kernels(a))) continue;
		to->count++;
	}
}
/* Remembers the maps of a process from before a statement. */
static void before_maps(u32 slot, u32 process)
{
	look_at(&W->before[slot], process, 1);
}
/* How many lines maps has. */
static u64 count_areas(u32 process)
{
	struct reader r = reader_of(process, "maps");
	char *line;
	u64 n = 0;
	while ((line = next_line(&r))) if (!begins(line, "ffffffff")) n++;
	return n;
}

/* A field of status in kB; -1 where there is none. */
static i64 status_of(u32 process, const char *field)
{
	struct reader r = reader_of(process, "status");
	u64 n = strlen(field);
	char *line;
	while ((line = next_line(&r))) {
		if (!begins(line, field) || line[n] != ':') continue;
		const char *t = line + n + 1;
		while (*t == ' ' || *t == '\t') t++;
		u64 value = digits(&t, 10);
		end_reading(&r);
		return (i64)value;
	}
	return -1;
}

/* Reads the fields of one area of smaps. */
static int read_smaps(u64 start, u64 end)
{
	u32 me = kit_me() + 1;
	struct reader r = reader_of(me, "smaps");
	struct area a;
	char *line;
	int inside = 0;
	W->smaps_count = 0;
	W->flags[0] = 0;
	while ((line = next_line(&r))) {
		char *colon = line;
		while (*colon && *colon != ':' && *colon != ' ') colon++;
		if (*colon == ' ') {
			if (inside) { end_reading(&r); break; }
			inside = parse_area(line, &a) && a.start == start && a.end == end;
			continue;
		}
		if (!inside || !*colon) continue;
		*colon = 0;
		const char *t = colon + 1;
		while (*t == ' ') t++;
		if (same(line, "VmFlags")) {
			u32 n = 0;
			while (*t && n < sizeof W->flags - 1) {
				/* Soft-dirty marks are not spoken of. */
				if (begins(t, "sd")) { t += t[2] == ' ' ? 3 : 2; continue; }
				W->flags[n++] = *t++;
			}
			while (n && W->flags[n - 1] == ' ') n--;
			W->flags[n] = 0;
		} else if (W->smaps_count < 40) {
			u32 n = 0;
			for (; line[n] && n < 23; n++) W->smaps[W->smaps_count].name[n] = line[n];
			W->smaps[W->smaps_count].name[n] = 0;
			W->smaps[W->smaps_count++].value = digits(&t, 10);
		}
	}
	return inside;
}
static u64 smaps_of(const char *field)
{
	for (u32 i = 0; i < W->smaps_count; i++) if (same(W->smaps[i].name, field)) return W->smaps[i].value;
	return 0;
}

/* ---- Pagemap: letters for each page. ---- */

struct scan { u64 size, flags, start, end, walk_end, vec, vec_len, max_pages, inverted, mask, anyof, back; };
#define SCAN 0xc0606610ul
#define IS_ZERO 32ul
#define IS_HUGE 64ul

/* Whether the page is that of zeros, or of a huge one; 0 where the kernel does not say. */
static u64 special_page(i64 fd, u64 at)
{
	u64 region[3] = { 0, 0, 0 };
	struct scan s = { sizeof s, 0, at, at + PAGE, 0, (u64)region, 1, 0, 0, 0, IS_ZERO | IS_HUGE, IS_ZERO | IS_HUGE };
	return raw(__NR_ioctl, fd, SCAN, &s) == 1 ? region[2] : 0;
}
static int can_scan(i64 fd)
{
	u64 region[3];
	struct scan s = { sizeof s, 0, KIT_AT, KIT_AT + PAGE, 0, (u64)region, 1, 0, 0, 0, IS_ZERO, IS_ZERO };
	return raw(__NR_ioctl, fd, SCAN, &s) >= 0;
}
/* The letters of a page, as the script writes them. */
static void letters_of(i64 fd, int scans, u64 word, u64 at, char *to)
{
	u64 special = scans ? special_page(fd, at) : 0;
	if (word >> 63 & 1) *to++ = 'P';
	if (word >> 62 & 1) *to++ = 'S';
	if (word >> 61 & 1) *to++ = 'F';
	if (word >> 56 & 1) *to++ = 'X';
	if (word >> 58 & 1) *to++ = 'G';
	if (special & IS_ZERO) *to++ = 'Z';
	if (special & IS_HUGE) *to++ = 'H';
	*to = 0;
}
