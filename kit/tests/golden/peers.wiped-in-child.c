/* ---- The script. ---- */

#define K_MADV_WIPEONFORK 0x12ul
#define K_MAP_ANONYMOUS 0x20ul
#define K_MAP_PRIVATE 0x2ul
#define K_NULL 0x0ul
#define K_PROT_READ 0x1ul
#define K_PROT_WRITE 0x2ul
#define N_a (W->names[0])
#define N_child (W->names[1])

/* a = mmap(NULL, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) */
static void line_4_0(void)
{
	before_maps(0, 1);
	W->masked = 0;
	call(__NR_mmap, 0, 0x1000ul, (K_PROT_READ | K_PROT_WRITE), (K_MAP_PRIVATE | K_MAP_ANONYMOUS), (0ul - 1ul), 0ul);
	placed(0, S(0x7ffff7ff6000ul));
	bind(&N_a);
	no_faults();
	const struct told line_4_0_maps_0[] = {
		{ (W->placed[0] + 0x0ul), (W->placed[0] + 0x1000ul), "rw-p", 0ul, "" },
	};
	maps_changed(0, 1, 1, line_4_0_maps_0);
}
/* store(a, "secret") = 6 */
static void line_6_1(void)
{
	if (!is_bound(N_a, "a")) return;
	before_maps(0, 1);
	W->masked = 0;
	store_bytes(N_a, "secret", 6);
	result(is(EQ, 6ul, 0), "6");
	minflt(EQ, 1ul, 0);
	majflt(EQ, 0, 0);
	maps_changed(0, 1, 0, 0);
}
/* madvise(a, 4K, MADV_WIPEONFORK) = 0 */
static void line_8_2(void)
{
	if (!is_bound(N_a, "a")) return;
	before_maps(0, 1);
	W->masked = 0;
	call(__NR_madvise, N_a, 0x1000ul, K_MADV_WIPEONFORK);
	result(is(EQ, 0ul, 0), "0");
	no_faults();
	maps_changed(0, 1, 0, 0);
}
/* child = fork() */
static void line_9_3(void)
{
	before_maps(0, 1);
	W->masked = 0;
	make_process(17, 0, 0, 0);
	bind(&N_child);
	maps_changed(0, 1, 0, 0);
}
/* [child] load(a, 6) = "\x00\x00\x00\x00\x00\x00" */
static void line_10_4(void)
{
	if (!is_bound(N_a, "a")) return;
	before_maps(0, 2);
	W->masked = 0;
	load(N_a, 6ul);
	result(is_bytes("\000\000\000\000\000\000", 6), "\"\\x00\\x00\\x00\\x00\\x00\\x00\"");
	minflt(EQ, 1ul, 0);
	majflt(EQ, 0, 0);
	maps_changed(0, 2, 0, 0);
}
/* load(a, 6) = "secret" */
static void line_12_5(void)
{
	if (!is_bound(N_a, "a")) return;
	before_maps(0, 1);
	W->masked = 0;
	load(N_a, 6ul);
	result(is_bytes("secret", 6), "\"secret\"");
	no_faults();
	maps_changed(0, 1, 0, 0);
}

static const struct step steps[] = {
	{ 4, 1, line_4_0, "a = mmap(NULL, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)" },
	{ 6, 1, line_6_1, "store(a, \"secret\") = 6" },
	{ 8, 1, line_8_2, "madvise(a, 4K, MADV_WIPEONFORK) = 0" },
	{ 9, 1, line_9_3, "child = fork()" },
	{ 10, 2, line_10_4, "[child] load(a, 6) = \"\\x00\\x00\\x00\\x00\\x00\\x00\"" },
	{ 12, 1, line_12_5, "load(a, 6) = \"secret\"" }
};
static const u32 step_count = sizeof steps / sizeof *steps;

static const struct made files[] = {
	{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
};
static const struct setting settings[] = {
	{ 0, 0 }
};
static const struct limit limits[] = {
	{ ~0u, 0, 0 }
};
static const struct field at_start[] = {
	{ "VmPeak", 168 },
	{ "VmSize", 168 },
	{ "VmLck", 0 },
	{ "VmPin", 0 },
	{ "VmRSS", 4 },
	{ "RssAnon", 4 },
	{ "RssFile", 0 },
	{ "RssShmem", 0 },
	{ "VmData", 0 },
	{ "VmStk", 132 },
	{ "VmPTE", 12 }
};

static const char KIT_NOT_COMPARED[] = "";

